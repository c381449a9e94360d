#include "api/answers.h"

#include <spdlog/spdlog.h>

#include "base/utf8.h"

namespace sluice::api {
namespace {

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::failed:
      return "failed";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace

http::Response answer(int status, const json::value& body) {
  http::Response out;
  out.status = status;
  out.headers.set("Content-Type", "application/json");
  out.body = to_utf8(json::serialize(body));  // an error may hold the words of a program
  out.body += '\n';
  return out;
}

http::Response answer_text(int status, std::string body, const std::string& type) {
  http::Response out;
  out.status = status;
  out.headers.set("Content-Type", type);
  out.body = std::move(body);
  return out;
}

http::Response no_content() {
  http::Response out;
  out.status = 204;
  return out;
}

http::Response answer_page(json::array items, const std::string& next) {
  json::object page;
  page["items"] = std::move(items);
  page["next"] = next.empty() ? json::value(nullptr) : json::value(next);
  return answer(200, page);
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
    case ErrorKind::cancelled:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::timed_out:
      return 504;
    case ErrorKind::failed:
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

http::Response problem(const Error& error) {
  if (error.kind == ErrorKind::internal) {
    spdlog::error("api: {}", error.message);
    return problem(500, "internal", "something in the server went wrong; its log says more");
  }
  auto out = problem(status_of(error.kind), kind_name(error.kind), error.message, error.fields);
  if (error.kind == ErrorKind::unavailable) out.headers.set("Retry-After", "1");
  return out;
}

void harden(http::Headers& headers, bool tls) {
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Referrer-Policy", "no-referrer");
  if (!headers.get("Content-Security-Policy"))  // a page of the dashboard has its own
    headers.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (!headers.get("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (tls) headers.set("Strict-Transport-Security", "max-age=31536000");
}

}  // namespace sluice::api
