#include "http/bridge.h"

#include <utility>

namespace sluice::http {

Bridge::Bridge(Request request, std::function<void()> wake) : request_(std::move(request)), wake_(std::move(wake)) {}

Result<std::size_t> Bridge::wait_for(std::unique_lock<std::mutex>& lock, Ask ask) {
  if (broken_) return fail(*broken_);
  ask_ = ask;
  wake_();
  done_.wait(lock, [&] { return answer_.has_value(); });
  auto answer = std::move(*answer_);
  answer_.reset();
  if (!answer) broken_ = answer.error();
  return answer;
}

Result<std::size_t> Bridge::read(char* into, std::size_t size) {
  if (size == 0) return 0;
  std::unique_lock lock(mutex_);
  return wait_for(lock, Read{into, size});
}

void Bridge::head(int status, const Headers& headers) {
  const std::lock_guard lock(mutex_);
  if (head_) return;
  head_.emplace();
  head_->status = status;
  head_->headers = headers;
}

Result<> Bridge::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  if (!head_) return fail(ErrorKind::internal, "a body was written before the head of the answer");
  if (bytes.empty()) return {};
  auto moved = wait_for(lock, Write{bytes});
  if (!moved) return fail(std::move(moved.error()));
  return {};
}

void Bridge::finish(bool threw) {
  const std::lock_guard lock(mutex_);
  ask_ = Finish{threw};
  wake_();
}

Bridge::Ask Bridge::ask() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ask_, std::monostate());
}

void Bridge::answer(Result<std::size_t> moved) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(moved);
  done_.notify_one();
}

}  // namespace sluice::http
