#include "conductor/workers.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace sluice::conductor {
namespace {

// What a World throws is a defect; the deployment hears of it, the server goes on.
platform::Advance advance(World& world, const pipeline::Work& work, const std::stop_token& stop) {
  std::string what = "an unknown exception";
  try {
    return world.advance(work, stop);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  spdlog::error("{} of stage {}/{}: {}", work.key(), work.stack_name, work.stage_name, what);
  return Error{ErrorKind::internal, "The server failed in this step; its log says why.", {}};
}

}  // namespace

void Workers::start(pipeline::Work work) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  std::stop_source source;
  stops_[work.key()] = source;
  jobs_.push_back({std::move(work), source.get_token()});
  if (idle_ < jobs_.size()) {
    threads_.emplace_back([this] { run(); });
  } else {
    wake_.notify_one();
  }
}

void Workers::ask_to_stop(const std::string& key) {
  std::unique_lock lock(mutex_);
  const auto found = stops_.find(key);
  if (found == stops_.end()) return;
  std::stop_source source = found->second;
  lock.unlock();
  source.request_stop();  // runs callbacks of the step
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const std::string key = job.work.key();
    platform::Advance result = advance(world_, job.work, job.stop);
    lock.lock();
    stops_.erase(key);
    lock.unlock();
    finished_(key, std::move(result));
    lock.lock();
  }
}

void Workers::stop() {
  std::map<std::string, std::stop_source> running;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
    running = stops_;
    threads = std::exchange(threads_, {});
  }
  wake_.notify_all();
  for (auto& [key, source] : running) source.request_stop();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace sluice::conductor
