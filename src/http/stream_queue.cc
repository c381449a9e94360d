#include "http/stream_queue.h"

#include <utility>

namespace sluice::http {
namespace {

class QueueSink final : public Sink {
 public:
  explicit QueueSink(std::shared_ptr<StreamQueue> queue) : queue_(std::move(queue)) {}
  ~QueueSink() override { queue_->close(); }
  QueueSink(const QueueSink&) = delete;
  QueueSink& operator=(const QueueSink&) = delete;
  bool send(std::string bytes) override { return queue_->send(std::move(bytes)); }
  void close() override { queue_->close(); }
  std::size_t behind() const override { return queue_->behind(); }

 private:
  std::shared_ptr<StreamQueue> queue_;
};

}  // namespace

StreamQueue::StreamQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

bool StreamQueue::send(std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (!wake_ || ended_ || overflowed_) return false;
  if (waiting_.size() + in_flight_ > kMost) {
    overflowed_ = true;
    signal();
    return false;
  }
  if (waiting_.empty())
    waiting_ = std::move(bytes);
  else
    waiting_ += bytes;
  signal();
  return true;
}

void StreamQueue::close() {
  const std::lock_guard lock(mutex_);
  if (!wake_ || ended_) return;
  ended_ = true;
  signal();
}

std::size_t StreamQueue::behind() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + in_flight_;
}

StreamQueue::Taken StreamQueue::take() {
  const std::lock_guard lock(mutex_);
  signalled_ = false;
  in_flight_ = waiting_.size();
  return Taken{std::exchange(waiting_, {}), ended_, overflowed_};
}

void StreamQueue::taken_is_read() {
  const std::lock_guard lock(mutex_);
  in_flight_ = 0;
}

void StreamQueue::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  waiting_ = {};
}

void StreamQueue::signal() {
  if (!std::exchange(signalled_, true)) wake_();
}

std::shared_ptr<Sink> make_sink(std::shared_ptr<StreamQueue> queue) {
  return std::make_shared<QueueSink>(std::move(queue));
}

}  // namespace sluice::http
