#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

// Requests and responses as plain values; Beast stays behind server.cc.
namespace sluice::http {

struct Headers {
  std::vector<std::pair<std::string, std::string>> all;                       // names as they came
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;  // case-insensitive; the first
  void set(std::string name, std::string value);                              // replaces
};

struct Request {
  std::string method;                        // upper-case; GET for HEAD too, whose answer only lacks its body
  std::string target;                        // as it came
  std::string path;                          // percent-decoded, without the query; never contains "//", "/./" or "/../"
  std::map<std::string, std::string> query;  // decoded; a name given twice is refused before routing
  std::string raw_query;
  Headers headers;
  std::string body;  // of routes that do not stream, within the route's limit
  std::string peer;  // address of the other end
};

// Server-sent events, or a followed log: bytes that come later, from any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  // False when the other end is gone or did not read fast enough (more than 1 MiB behind): stop sending.
  virtual bool send(std::string bytes) = 0;
  virtual void close() = 0;
  // Bytes that were sent and not yet taken by the other end: to send no faster than it reads.
  [[nodiscard]] virtual std::size_t behind() const { return 0; }
};
// Called once, on a worker thread, when the head has been sent; must not block. Keep the sink and send from elsewhere.
using StartStream = std::function<void(std::shared_ptr<Sink>)>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  StartStream stream;  // set: body is ignored, chunked, no Content-Length
};

// For routes that stream both ways (Git). Blocking, on a thread of the streaming pool.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;  // body empty
  virtual Result<std::size_t> read(char* into,
                                   std::size_t size) = 0;     // of the body; 0 at its end; answers 100-continue
  virtual void head(int status, const Headers& headers) = 0;  // once; the body that follows is chunked
  virtual Result<> write(std::string_view bytes) = 0;         // waits while the other end is slow
};

}  // namespace sluice::http
