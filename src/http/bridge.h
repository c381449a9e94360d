#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "http/message.h"

namespace sluice::http {

// An Exchange between a blocking thread and the event loop. The thread asks for one thing and waits until the loop has
// done it with the thread's own memory: nothing is copied or kept, so neither end can run ahead of the other.
class Bridge final : public Exchange {
 public:
  // `wake` tells the loop that there is something to ask(); called from the blocking thread.
  Bridge(Request request, std::function<void()> wake);

  const Request& request() const override { return request_; }
  Result<std::size_t> read(char* into, std::size_t size) override;
  void head(int status, const Headers& headers) override;
  Result<> write(std::string_view bytes) override;
  void finish(bool threw);  // the blocking thread's last word

  struct Read {
    char* into;
    std::size_t size;
  };
  struct Write {
    std::string_view bytes;
  };
  struct Finish {
    bool threw;
  };
  using Ask = std::variant<std::monostate, Read, Write, Finish>;
  // For the loop: what the thread waits for. A Read or Write is owed one answer().
  Ask ask();
  void answer(Result<std::size_t> moved);
  // After head(): what to send. Only within a Write, or after Finish.
  [[nodiscard]] const std::optional<Response>& answered() const { return head_; }

 private:
  Result<std::size_t> wait_for(std::unique_lock<std::mutex>& lock, Ask ask);

  const Request request_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable done_;
  Ask ask_;
  std::optional<Result<std::size_t>> answer_;
  std::optional<Error> broken_;
  std::optional<Response> head_;
};

}  // namespace sluice::http
