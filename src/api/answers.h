#pragma once
#include <boost/json.hpp>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "http/problem.h"

// How answers look: JSON, text, and problems (RFC 9457).
namespace sluice::api {

namespace json = boost::json;

// What a route's handler gives back; an Error becomes a problem by its kind.
using Answer = Result<http::Response>;

http::Response answer(int status, const json::value& body);
http::Response answer_text(int status, std::string body, const std::string& type = "text/plain; charset=utf-8");
http::Response no_content();
// `items` and the cursor to go on with; "" becomes null.
http::Response answer_page(json::array items, const std::string& next);

int status_of(ErrorKind kind);
// For what has no ErrorKind of its own: 405, 412, 415, 421, 422.
using http::problem;
// An internal error's sentence stays in the server's log.
http::Response problem(const Error& error);

// The headers that every answer carries.
void harden(http::Headers& headers, bool tls);

}  // namespace sluice::api
