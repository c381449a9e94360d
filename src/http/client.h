#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace sluice::http {

struct Call {
  std::string method = "GET", url;
  Headers headers;
  std::string body;
  Duration timeout = std::chrono::seconds(60);  // of the whole; 0: none (streams)
  // Set: the body goes here as it comes and Response.body stays empty; false ends the call.
  std::function<bool(std::string_view)> on_body;
};

// libcurl; one Client a thread. ErrorKind::unavailable when the server cannot be reached, timed_out when it is too
// slow.
class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Result<Response> send(const Call& call);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http
