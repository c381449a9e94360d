#include "api/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "api/fields.h"
#include "base/codec.h"
#include "base/digest.h"

namespace sluice::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  return std::count(host.begin(), host.end(), '.') == 3 &&
         std::all_of(host.begin(), host.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

std::string_view authority_of(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

bool writes(const std::string& method) { return method != "GET" && method != "HEAD"; }

bool allows(Least least, pipeline::Role role) {
  switch (least) {
    case Least::nobody:
    case Least::viewer:
      return true;
    case Least::developer:
      return role != pipeline::Role::viewer;
    case Least::admin:
      return role == pipeline::Role::admin;
  }
  return false;
}

// Git shows an answer's text to the person only when it is plain.
http::Response refuse(bool git, http::Response with_problem, const std::string& sentence) {
  if (!git) return with_problem;
  auto out = answer_text(with_problem.status, sentence + "\n");
  for (const auto& [name, value] : with_problem.headers.all)
    if (name != "Content-Type") out.headers.set(name, value);
  return out;
}

http::Response not_signed_in(bool git, const Error& error) {
  auto out = refuse(git, problem(error), error.message);
  out.headers.set("WWW-Authenticate", git ? "Basic realm=\"Sluice\", charset=\"UTF-8\"" : "Bearer realm=\"Sluice\"");
  return out;
}

std::string role_word(Least least) { return least == Least::admin ? "an admin" : "a developer"; }

// Names that cannot exist are told apart from wrong requests nowhere: what is not there is not found.
std::optional<Error> bad_param(const std::map<std::string, std::string>& params) {
  for (const auto& [name, value] : params) {
    bool label = name == "stack" || name == "stage";
    if (label && !is_dns_label(value))
      return Error{ErrorKind::not_found, fmt::format("there is no {} called {}", name, in_quotes(value)), {}};
    if (!label && value.size() > 64)
      return Error{ErrorKind::not_found, fmt::format("there is no {} {}", name, in_quotes(value)), {}};
  }
  return std::nullopt;
}

}  // namespace

std::string host_of(std::string_view authority) {
  if (authority.empty() || authority.find('@') != std::string_view::npos) return "";
  if (authority.front() == '[') {
    auto end = authority.find(']');
    return end == std::string_view::npos ? "" : lower(authority.substr(0, end + 1));
  }
  auto host = lower(authority.substr(0, authority.find(':')));
  if (!host.empty() && host.back() == '.') host.pop_back();
  return host;
}

bool is_for_programs(std::string_view path) {
  auto first = [](std::string_view whole) { return whole.substr(0, whole.find('/', 1)); };
  const auto have = first(path);
  return have == "/hooks" || std::any_of(routes().begin(), routes().end(),
                                         [&](const Route& route) { return first(route.pattern) == have; });
}

Guard::Guard(identity::Identity& identity, const GuardOptions& options)
    : identity_(identity),
      pages_(options.pages),
      public_url_(options.public_url),
      tls_(options.public_url.starts_with("https://")) {
  for (const auto& name : options.host_names) host_names_.push_back(lower(name));
  auto own = host_of(authority_of(public_url_));
  if (!own.empty() && !host_names_.empty()) host_names_.push_back(own);
}

bool Guard::knows_host(const std::string& host) const {
  if (host.empty()) return false;
  if (host_names_.empty()) return is_loopback(host) || host == host_of(authority_of(public_url_));
  return std::find(host_names_.begin(), host_names_.end(), host) != host_names_.end();
}

// A write with a cookie says where it comes from: at least one of the two headers, and each that is there agrees.
bool Guard::same_origin(const http::Request& request) const {
  auto origin = request.headers.get("Origin");
  auto site = request.headers.get("Sec-Fetch-Site");
  if (!origin && !site) return false;
  if (site && *site != "same-origin" && *site != "none") return false;
  if (!origin) return true;
  auto host = lower(request.headers.get("Host").value_or(""));
  return lower(*origin) == lower(public_url_) || lower(*origin) == (tls_ ? "https://" : "http://") + host;
}

std::string Guard::cookie(const http::Request& request) const {
  const std::string name = cookie_name() + "=";
  std::string_view rest;
  auto header = request.headers.get("Cookie").value_or("");
  for (rest = header; !rest.empty();) {
    auto end = rest.find(';');
    auto one = rest.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.starts_with(name)) return std::string(one.substr(name.size()));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return "";
}

Result<identity::Caller> Guard::caller(const http::Request& request, bool git, bool& by_cookie) const {
  if (auto header = request.headers.get("Authorization")) {
    auto space = header->find(' ');
    auto scheme = lower(std::string_view(*header).substr(0, space));
    auto rest = space == std::string::npos ? "" : header->substr(space + 1);
    if (scheme == "bearer") return identity_.by_token(rest);
    // Browsers repeat Basic credentials by themselves, so they open nothing but Git.
    if (scheme == "basic" && git) {
      auto pair = base64_decode(rest).value_or("");
      auto colon = pair.find(':');
      auto password = colon == std::string::npos ? "" : pair.substr(colon + 1);
      return identity_.by_token(password.empty() ? pair.substr(0, colon) : password);
    }
    return fail(ErrorKind::unauthenticated,
                git ? "sign in with a token as the password" : "send the token as \"Authorization: Bearer TOKEN\"");
  }
  if (!git) {
    auto session = cookie(request);
    by_cookie = !session.empty();
    if (by_cookie) return identity_.by_session(session);
  }
  return fail(ErrorKind::unauthenticated,
              git ? "sign in with a token as the password; \"sluice token create\" makes one"
                  : "nobody is signed in: send a token as \"Authorization: Bearer TOKEN\", or "
                    "run \"sluice login\"");
}

std::variant<Call, http::Response> Guard::pass(const http::Request& request) const {
  auto host = request.headers.get("Host").value_or("");
  if (!knows_host(host_of(host)))
    return problem(421, "misdirected",
                   fmt::format("{} is not a name of this server: call it by one of its own, such as {}",
                               in_quotes(host), public_url_));

  const Route* route = nullptr;
  std::map<std::string, std::string> params;
  std::string allow;
  for (const auto& r : routes()) {
    auto found = match(r.pattern, request.path);
    if (!found) continue;
    allow += (allow.empty() ? "" : ", ") + std::string(r.method);
    if (std::string_view(r.method) == "GET") allow += ", HEAD";  // which the server makes of it
    if (r.method == request.method) {
      route = &r;
      params = std::move(*found);
      break;
    }
  }
  if (route == nullptr && !allow.empty()) {
    auto out = problem(405, "method_not_allowed",
                       fmt::format("{} is not possible here; possible: {}", in_quotes(request.method), allow));
    out.headers.set("Allow", allow);
    return out;
  }
  if (route == nullptr && pages_ && request.method == "GET" && !is_for_programs(request.path)) return pages_(request);
  if (route == nullptr)
    return problem(
        Error{ErrorKind::not_found,
              fmt::format("there is nothing at {}; /api/v1/openapi.json lists what there is", in_quotes(request.path)),
              {}});

  const bool git = is_git(*route);
  identity::Caller who;
  bool by_cookie = false;
  if (route->least != Least::nobody) {
    auto known = caller(request, git, by_cookie);
    if (!known) return not_signed_in(git, known.error());
    who = std::move(*known);
  }
  const bool browser = by_cookie || (route->least == Least::nobody && request.headers.get("Origin"));
  if (writes(request.method) && browser) {
    if (by_cookie && request.headers.get("X-Sluice").value_or("") != "1")
      return problem(
          Error{ErrorKind::forbidden, "a write with the session cookie needs the header \"X-Sluice: 1\"", {}});
    if (!same_origin(request))
      return problem(Error{
          ErrorKind::forbidden, "this write comes from another page than Sluice's own (Origin, Sec-Fetch-Site)", {}});
  }
  if (route->least != Least::nobody && !allows(route->least, who.actor.role)) {
    auto sentence = fmt::format("{} is a {}; this needs {}", who.actor.name, codec::enum_name(who.actor.role),
                                role_word(route->least));
    return refuse(git, problem(Error{ErrorKind::forbidden, sentence, {}}), sentence);
  }
  if (auto error = bad_param(params)) return refuse(git, problem(*error), error->message);

  std::vector<FieldError> unknown;
  for (const auto& [name, value] : request.query) {
    if (std::find(route->query.begin(), route->query.end(), name) != route->query.end()) continue;
    std::string known;
    for (auto q : route->query) known += (known.empty() ? "" : ", ") + std::string(q);
    unknown.push_back({name.substr(0, 64), known.empty() ? "is not known here; no query is taken"
                                                         : "is not known here; known are " + known});
  }
  if (!unknown.empty()) return problem(field_errors(std::move(unknown)));

  auto type = lower(request.headers.get("Content-Type").value_or(""));
  const bool has_body = !request.body.empty() || request.headers.get("Transfer-Encoding") ||
                        request.headers.get("Content-Length").value_or("0") != "0";
  if (!git && writes(request.method) && has_body && type.substr(0, type.find(';')) != "application/json")
    return problem(415, "unsupported_media_type",
                   "the body must be JSON, with the header \"Content-Type: application/json\"");
  return Call{request, *route, std::move(params), std::move(who), {}};
}

}  // namespace sluice::api
