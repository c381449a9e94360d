#include "http/problem.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/utf8.h"

namespace sluice::http {
namespace {

// In the words that errors of the same meaning have elsewhere.
std::string_view kind_of(int status) {
  switch (status) {
    case 400:
      return "invalid";
    case 408:
      return "timed_out";
    case 413:
    case 431:
      return "too_large";
    case 417:
      return "expectation_failed";
    case 503:
      return "unavailable";
    case 505:
      return "version_not_supported";
    default:
      return "internal";
  }
}

}  // namespace

std::string_view reason_phrase(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 41> kPhrases{{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  }};
  const auto found = std::ranges::find(kPhrases, status, &std::pair<int, std::string_view>::first);
  return found == kPhrases.end() ? "Status" : found->second;
}

Response problem(int status, std::string_view kind, std::string_view detail, const std::vector<FieldError>& fields) {
  namespace json = boost::json;
  json::object body;
  body["type"] = "about:blank";
  body["title"] = reason_phrase(status);
  body["status"] = status;
  body["kind"] = kind;
  body["detail"] = detail;
  if (!fields.empty()) {
    json::array errors;
    for (const auto& f : fields) errors.push_back(json::object{{"field", f.field}, {"message", f.message}});
    body["errors"] = std::move(errors);
  }
  Response out;
  out.status = status;
  out.headers.set("Content-Type", "application/problem+json");
  out.headers.set("Cache-Control", "no-store");
  out.body = to_utf8(json::serialize(body)) + "\n";  // a detail may hold the words of a program
  return out;
}

Response refusal(int status, std::string_view detail) {
  auto out = problem(status, kind_of(status), detail);
  if (status == 503) out.headers.set("Retry-After", "1");
  return out;
}

}  // namespace sluice::http
