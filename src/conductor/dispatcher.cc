#include "conductor/dispatcher.h"

#include <algorithm>
#include <utility>

#include "conductor/results.h"

namespace sluice::conductor {
namespace {

using pipeline::Work;
using pipeline::WorkKind;

// Chores run outside the lock, each kind for itself.
bool holds_lock(WorkKind kind) {
  return kind < WorkKind::scale || kind == WorkKind::restore || kind == WorkKind::copy_database;
}

bool excludes(const Work& running, const Work& next) {
  if (running.stage != next.stage) return false;
  if (running.kind == WorkKind::remove || next.kind == WorkKind::remove) return true;
  if (holds_lock(running.kind) && holds_lock(next.kind)) return true;
  return running.kind == next.kind;
}

}  // namespace

void Dispatcher::list(const pipeline::StackId& id, std::vector<Work> due) {
  if (due.empty() && !stacks_.contains(id)) return;
  PerStack& stack = stacks_[id];
  stack.wanted = std::move(due);
  std::vector<std::string> wanted;
  wanted.reserve(stack.wanted.size());
  for (const Work& work : stack.wanted) wanted.push_back(work.key());
  const std::vector<std::string> keys = stack.pieces;
  for (const std::string& key : keys) {
    if (std::find(wanted.begin(), wanted.end(), key) != wanted.end()) continue;
    Piece& piece = pieces_.at(key);
    if (piece.state == State::queued) {
      erase(key);
    } else if (piece.state == State::running && !piece.stop_asked) {
      piece.stop_asked = true;
      stops_.push_back(key);
    }
  }
  consider(stack);
  if (stack.wanted.empty() && stack.pieces.empty()) stacks_.erase(id);
}

void Dispatcher::consider(PerStack& stack) {
  for (const Work& work : stack.wanted) {
    const std::string key = work.key();
    const auto known = pieces_.find(key);
    if (known != pieces_.end()) {
      Piece& piece = known->second;
      if (piece.state == State::queued) piece.work = work;
      if (piece.state == State::running) piece.work.deployment.wait = work.deployment.wait;
      if (work.kind == WorkKind::build) to_compare_.push_back(key);
      continue;
    }
    if (!is_free(stack, work)) continue;
    pieces_.emplace(key, Piece{work, State::queued, false});
    stack.pieces.push_back(key);
    (work.kind == WorkKind::build ? builds_ : others_).push_back(key);
    if (work.kind == WorkKind::build) to_compare_.push_back(key);
  }
}

bool Dispatcher::is_free(const PerStack& stack, const Work& work) const {
  return std::none_of(stack.pieces.begin(), stack.pieces.end(), [&](const std::string& key) {
    const Piece& piece = pieces_.at(key);
    return piece.state == State::running && excludes(piece.work, work);
  });
}

std::vector<Work> Dispatcher::take_starts() {
  std::vector<Work> out;
  take_from(builds_, running_builds_, build_slots_, true, out);
  take_from(others_, running_others_, worker_slots_, false, out);
  return out;
}

void Dispatcher::take_from(std::deque<std::string>& queue, std::size_t& running, std::size_t slots, bool builds,
                           std::vector<Work>& out) {
  while (running < slots && !queue.empty()) {
    const std::string key = std::move(queue.front());
    queue.pop_front();
    const auto found = pieces_.find(key);
    if (found == pieces_.end() || found->second.state != State::queued) continue;
    Piece& piece = found->second;
    if ((piece.work.kind == WorkKind::build) != builds) continue;
    if (!is_free(stacks_.at(piece.work.stack), piece.work)) {
      erase(key);  // considered again when the one before it ends
      continue;
    }
    piece.state = State::running;
    ++running;
    if (is_in_line(piece.work)) to_compare_.push_back(key);
    out.push_back(piece.work);
  }
}

std::vector<Dispatcher::Unsaid> Dispatcher::take_unsaid() {
  std::vector<Unsaid> out;
  for (const std::string& key : std::exchange(to_compare_, {})) {
    const auto found = pieces_.find(key);
    if (found == pieces_.end() || found->second.state == State::settling) continue;
    const bool has_turn = found->second.state == State::running;
    if (is_in_line(found->second.work) == has_turn) out.push_back({found->second.work, has_turn});
  }
  return out;
}

std::vector<std::string> Dispatcher::take_stops() { return std::exchange(stops_, {}); }

std::optional<Dispatcher::Ended> Dispatcher::ended(const std::string& key) {
  const auto found = pieces_.find(key);
  if (found == pieces_.end() || found->second.state != State::running) return std::nullopt;
  found->second.state = State::settling;
  --(found->second.work.kind == WorkKind::build ? running_builds_ : running_others_);
  Ended out{found->second.work, found->second.stop_asked};
  consider(stacks_.at(out.work.stack));
  return out;
}

void Dispatcher::settled(const std::string& key) {
  const auto found = pieces_.find(key);
  if (found == pieces_.end() || found->second.state != State::settling) return;
  const pipeline::StackId id = found->second.work.stack;
  erase(key);
  PerStack& stack = stacks_.at(id);
  if (stack.wanted.empty() && stack.pieces.empty()) stacks_.erase(id);
}

void Dispatcher::erase(const std::string& key) {
  const auto found = pieces_.find(key);
  const auto stack = stacks_.find(found->second.work.stack);
  std::erase(stack->second.pieces, key);
  pieces_.erase(found);
}

}  // namespace sluice::conductor
