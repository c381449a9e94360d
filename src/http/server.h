#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace sluice::http {

// What the server asks of whoever has the routes (src/api). All three are called from worker threads, many at a time. A
// HEAD is asked as the GET it stands for; the server keeps the body back, and a stream is not begun (RFC 9110 9.3.2).
class Handler {
 public:
  virtual ~Handler() = default;
  // Asked when the head is there and before any body is read: the most bytes a body may have (413 above), and whether
  // the exchange streams. Reject early here (401, 404) by giving a response.
  struct Admission {
    std::size_t body_limit = 1 << 20;
    bool streams = false;
    std::optional<Response> answer;  // given: the body is not read, this is sent
  };
  virtual Admission admit(const Request& head) = 0;
  virtual Response handle(const Request& request) = 0;
  virtual void exchange(Exchange& exchange) = 0;
};

// HTTP/1.1 on loopback. Refuses before routing what smuggles: a doubled Host or Content-Length, Transfer-Encoding other
// than exactly `chunked`, both length and chunked, obs-fold, bad percent-encoding, NUL, "..", heads over 32 KiB; closes
// after.
class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;                                    // 0: the kernel picks
    int threads = 4;                                           // workers for handle()
    int streams = 32;                                          // exchanges at once; more wait
    int connections = 4096;                                    // more are answered 503 and closed
    Duration head_time = std::chrono::seconds(30);             // for a head to come whole once it has begun (408)
    Duration idle_time = std::chrono::seconds(75);             // between requests
    Duration stall_time = std::chrono::seconds(30);            // without a byte moving, in a body or an answer
    Duration exchange_stall_time = std::chrono::seconds(300);  // the same within an exchange: Git thinks between bytes
    Duration stop_time = std::chrono::seconds(5);              // for what runs to end when the server stops
    std::function<void(const std::string&)>
        report;  // told of a handler that threw, or a connection that broke by itself
  };
  // Binds at once; an Error says which address is taken.
  static Result<std::unique_ptr<Server>> start(Options, Handler&);
  virtual ~Server() = default;  // stops: closes idle connections, lets running handlers end (5 s), joins
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace sluice::http
