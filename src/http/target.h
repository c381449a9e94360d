#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::http {

// A request target taken apart. Every byte of `path` and of the query has been percent-decoded exactly once.
struct Target {
  std::string path;  // begins with '/'; no "//", "." or ".." segment, no control character; valid UTF-8
  std::map<std::string, std::string> query;
  std::string raw_query;  // without the '?'
};

// Reads an origin-form target ("/a/b?c=d"). Refuses, as ErrorKind::invalid: any other form, characters that a URL
// cannot hold, bad or overlong percent-encoding, an encoded slash or NUL, dot and empty segments (one '/' at the end is
// allowed), text that is not UTF-8, and a query name given twice. In the query '+' is a space.
Result<Target> parse_target(std::string_view target);

}  // namespace sluice::http
