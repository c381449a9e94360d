#include "cli/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/json.h"
#include "cli/text.h"

namespace sluice::cli {
namespace json = boost::json;

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '~' || (c == '.' && text != "." && text != "..");
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string path_of(std::initializer_list<std::string> segments, const Query& query) {
  std::string out;
  for (const auto& segment : segments) out += "/" + percent_encoded(segment);
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    out += separator + percent_encoded(name) + "=" + percent_encoded(value);
    separator = '&';
  }
  return out;
}

namespace {

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return ErrorKind::invalid;
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 502:
    case 503:
    case 504:
      return ErrorKind::unavailable;
    default:
      return ErrorKind::failed;
  }
}

}  // namespace

Error problem_of(const http::Response& response) {
  Error out{kind_of(response.status), "", {}};
  json::error_code bad;
  const auto value = json::parse(response.body, bad);
  if (!bad && value.is_object()) {
    out.message = one_line(text_at(value, "detail"));
    if (out.message.empty()) out.message = one_line(text_at(value, "title"));
    for (const auto& item : list_at(value, "errors"))
      out.fields.push_back({text_at(item, "field"), one_line(text_at(item, "message"))});
  }
  if (response.status == 401)
    out.message =
        "the server does not accept this token (revoked, expired or of another server); type: sluice login URL";
  if (out.message.empty())
    out.message =
        fmt::format("the server answered {} and not in the words of Sluice; is the address right?", response.status);
  return out;
}

http::Call Server::call(const std::string& method, const std::string& path) const {
  http::Call out;
  out.method = method;
  out.url = login_.url + "/api/v1" + path;
  out.headers.set("Authorization", "Bearer " + login_.token);
  return out;
}

Result<json::value> Server::get(const std::string& path) { return send("GET", path); }

Result<json::value> Server::send(const std::string& method, const std::string& path, const json::value& body) {
  http::Call request = call(method, path);
  request.headers.set("Accept", "application/json");
  if (!body.is_null()) {
    request.headers.set("Content-Type", "application/json");
    request.body = json::serialize(body);
  }
  auto response = client_->send(request);
  if (!response) {
    Error error = response.error();
    if (error.kind == ErrorKind::timed_out) error.kind = ErrorKind::unavailable;
    if (error.kind == ErrorKind::unavailable) error.message += "; is the server running there?";
    return fail(error);
  }
  if (response->status / 100 != 2) return fail(problem_of(*response));
  if (response->body.empty()) return json::value(nullptr);
  json::error_code bad;
  auto value = json::parse(response->body, bad);
  if (bad)
    return fail(ErrorKind::failed,
                fmt::format("{} did not answer in JSON; is it the address of a Sluice server?", login_.url));
  return value;
}

Result<json::value> Server::list(const std::string& path, const Query& query, std::size_t limit) {
  json::array items;
  std::string after;
  json::value next = nullptr;
  do {
    Query page = query;
    page.emplace_back("limit", std::to_string(std::min<std::size_t>(limit - items.size(), 100)));
    page.emplace_back("after", after);
    auto answer = get(path + path_of({}, page));
    if (!answer) return answer;
    for (const auto& item : list_at(*answer, "items")) items.push_back(item);
    after = text_at(*answer, "next");
  } while (!after.empty() && items.size() < limit);
  if (!after.empty()) next = json::string(after);
  return json::value(json::object{{"items", std::move(items)}, {"next", std::move(next)}});
}

Result<http::Response> Server::text(const std::string& path) {
  http::Call request = call("GET", path);
  request.headers.set("Accept", "text/plain");
  auto response = client_->send(request);
  if (response && response->status / 100 != 2) return fail(problem_of(*response));
  return response;
}

Result<> Server::follow(const std::string& path, std::string& last_id, Duration at_most,
                        const std::function<bool(const StreamEvent&)>& take, const std::function<bool()>& after) {
  http::Call request = call("GET", path);
  request.headers.set("Accept", "text/event-stream");
  if (!last_id.empty()) request.headers.set("Last-Event-ID", last_id);
  request.timeout = at_most;
  StreamParser parser(take);
  request.on_body = [&](std::string_view bytes) {
    const bool go_on = parser.feed(bytes);
    if (!parser.last_id().empty()) last_id = parser.last_id();
    return go_on && (!after || after());
  };
  auto response = client_->send(request);
  if (!response) return fail(response.error());
  if (response->status / 100 != 2) return fail(problem_of(*response));
  return {};
}

}  // namespace sluice::cli
