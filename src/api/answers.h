#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

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
const char* reason_of(int status);
// An internal error's sentence stays in the server's log.
http::Response problem(const Error& error);
// For what has no ErrorKind of its own: 405, 412, 415, 421, 422.
http::Response problem(int status, const std::string& kind, const std::string& detail,
                       const std::vector<FieldError>& fields = {});

// The headers that every answer carries.
void harden(http::Headers& headers, bool tls);

}  // namespace sluice::api
