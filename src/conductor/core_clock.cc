#include <algorithm>
#include <utility>

#include "conductor/core.h"

// What the core does by the clock: when it looks again, and what is due then.
namespace sluice::conductor {
namespace {

using namespace pipeline;

// Whether a limit runs in its state. What is tried until it succeeds goes by any clock: its pauses are short, and one
// that lies further off than any is set is over.
bool has_limit(const Stack& stack) {
  const auto runs = [](const Stage& stage) {
    return stage.active && stage.active->state != DeploymentState::cancelling;
  };
  return std::any_of(stack.stages.begin(), stack.stages.end(), runs) ||
         std::any_of(stack.leaving.begin(), stack.leaving.end(), runs);
}

}  // namespace

void Core::tick() {
  const Time now = clock_.now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Entry& entry = entries_.at(timers_.begin()->second);
    set_wake(entry, std::nullopt);
    if (entry.uncommitted > 0) continue;  // listed anew by the commit
    entry.ticked = now;
    Request request;
    request.stack = entry.id;
    request.command = Command{machinery(), Tick{}};
    decide(entry, std::move(request));
    if (entry.uncommitted == 0) relist(entry);
  }
}

std::optional<Time> Core::next_wake() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Core::set_wake(Entry& entry, std::optional<Time> wake) {
  if (entry.wake) timers_.erase({*entry.wake, entry.id});
  entry.wake = wake;
  if (wake) timers_.insert({*wake, entry.id});
}

void Core::clock_was_set(Duration by) {
  for (auto& [id, entry] : entries_) {
    entry.ahead += by;
    entry.ticked.reset();
    entry.not_before.clear();
    entry.not_written_until = {};
    if (entry.committed && entry.uncommitted == 0) relist(entry);
  }
}

void Core::relist(Entry& entry) {
  if (entry.ahead != Duration{} && entry.uncommitted == 0 && !has_limit(*entry.committed)) entry.ahead = {};
  const Time now = clock_.now();
  Due listed = work(*entry.committed, now - entry.ahead, limits_);
  for (Work& work : listed.due) work.deadline += entry.ahead;
  std::optional<Time> wake = listed.next_wake;
  if (wake) *wake += entry.ahead;
  // A moment that is over although a Tick has just looked: not again and again at once.
  if (wake && *wake <= now && entry.ticked == now) wake = now + kPause;

  if (entry.not_written_until > now) wake = std::min(wake.value_or(entry.not_written_until), entry.not_written_until);

  std::erase_if(entry.not_before, [&](const auto& pause) { return pause.second <= now; });
  if (!entry.not_before.empty()) {
    std::map<std::string, Time> kept;
    std::erase_if(listed.due, [&](const Work& work) {
      const auto pause = entry.not_before.find(work.key());
      if (pause == entry.not_before.end()) return false;
      kept.insert(*pause);
      wake = std::min(wake.value_or(pause->second), pause->second);
      return true;
    });
    entry.not_before = std::move(kept);
  }
  dispatcher_.list(entry.id, std::move(listed.due));
  set_wake(entry, entry.uncommitted > 0 ? std::nullopt : wake);
}

}  // namespace sluice::conductor
