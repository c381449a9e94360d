#include "api/attendant.h"

#include <spdlog/spdlog.h>

namespace sluice::api {
namespace {
constexpr const char* kKind = "departing_repository";
}

Attendant::Attendant(conductor::Conductor& conductor, store::Store& store, source::Repositories& repositories,
                     CheckIns& check_ins)
    : conductor_(conductor), store_(store), repositories_(repositories), check_ins_(check_ins) {
  for (const auto& [id, name] : store_.list(kKind)) {
    departing_[id] = name;
    // Noted by a life that ended before the deletion was taken, or before it could say that it was refused.
    auto now = conductor_.snapshot(name);
    if (now && now->id.value == id && !now->gone && !now->deleting) forget({id});
  }
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

Attendant::~Attendant() {
  thread_.request_stop();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<> Attendant::expect_departure(const pipeline::StackId& stack, const std::string& name) {
  if (auto put = store_.put(kKind, stack.value, name); !put) return put;
  std::lock_guard lock(mutex_);
  departing_[stack.value] = name;
  changed_.notify_all();
  return {};
}

void Attendant::forget(const pipeline::StackId& stack) {
  {
    std::lock_guard lock(mutex_);
    departing_.erase(stack.value);
  }
  if (auto removed = store_.remove(kKind, stack.value); !removed) spdlog::warn("api: {}", removed.error().message);
}

void Attendant::look_again(const std::string& stack_name) {
  std::lock_guard lock(mutex_);
  unsure_.insert(stack_name);
  changed_.notify_all();
}

void Attendant::look_at_unsure() {
  std::set<std::string> names;
  {
    std::lock_guard lock(mutex_);
    names.swap(unsure_);
  }
  const pipeline::Actor system{pipeline::ActorKind::system, "sluice", pipeline::Role::admin};
  for (const auto& name : names) {
    auto looked = check_ins_.look(name, system);
    if (looked || looked.error().kind == ErrorKind::not_found) continue;
    std::lock_guard lock(mutex_);
    unsure_.insert(name);
  }
}

void Attendant::see_off() {
  std::map<std::string, std::string> departing;
  {
    std::lock_guard lock(mutex_);
    departing = departing_;
  }
  for (const auto& [id, name] : departing) {
    const pipeline::StackId stack{id};
    auto now = conductor_.snapshot(name);
    if (now && now->id == stack && !now->gone) continue;
    if (auto moved = repositories_.set_aside(stack); !moved) {
      spdlog::warn("api: the repository of the deleted stack {} is still in its place: {}", name,
                   moved.error().message);
      continue;
    }
    forget(stack);
  }
}

void Attendant::run(std::stop_token stop) {
  check_ins_.look_at_all(stop);
  std::int64_t seen = 0;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !departing_.empty() || !unsure_.empty(); });
    }
    if (stop.stop_requested()) return;
    see_off();
    look_at_unsure();
    seen = conductor_.wait_commit(seen, std::chrono::milliseconds(500));
  }
}

}  // namespace sluice::api
