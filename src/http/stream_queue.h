#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "http/message.h"

namespace sluice::http {

// What a Sink was given and the other end has not taken yet. Any thread sends; the event loop takes.
class StreamQueue {
 public:
  static constexpr std::size_t kMost = 1u << 20;  // bytes behind, beyond which a reader is given up

  // `wake` is called from sending threads when there is something to take; never after detach().
  explicit StreamQueue(std::function<void()> wake);

  bool send(std::string bytes);
  void close();
  [[nodiscard]] std::size_t behind() const;

  struct Taken {
    std::string bytes;
    bool ended = false;       // close() was called: nothing comes after `bytes`
    bool overflowed = false;  // the reader was too slow and has missed something
  };
  // All that waits. It counts as not yet read until taken_is_read().
  Taken take();
  void taken_is_read();
  // The other end is gone, or the server stops: send() is false from now on.
  void detach();

 private:
  void signal();

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string waiting_;
  std::size_t in_flight_ = 0;
  bool ended_ = false, overflowed_ = false, signalled_ = false;
};

// The Sink handed out; the stream ends when the last one who holds it lets go.
std::shared_ptr<Sink> make_sink(std::shared_ptr<StreamQueue> queue);

}  // namespace sluice::http
