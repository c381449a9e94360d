#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::metrics {

// What one line of the gateway's access log tells about a request.
struct Request {
  std::string_view stage;    // the id of a route; points into the line
  int status = 0;            // -1: the client went before there was one
  std::int64_t latency = 0;  // milliseconds
};
// A line as gateway/render.cc has HAProxy write it, without the logger's time. Nothing: it is of no route, or none of
// these. The request line in its middle is the client's own: whatever it holds, nothing of it is taken for ours.
std::optional<Request> parse_access_line(std::string_view line);

}  // namespace sluice::metrics
