#pragma once
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/pipeline.h"

namespace sluice::conductor {

// Which pieces of work run, which wait for a free worker, which must stop. It starts nothing by itself and knows no
// thread: the conductor's workers and the simulator's world do what it says.
//
// A piece lives from being listed as due until its result is settled (committed, or of no consequence): between its end
// and that moment the state still lists it, and it must not start twice. What the state lists no more is asked to stop;
// what holds a stage's lock next (a discard, say) starts only when the piece before it has ended (R8.1).
class Dispatcher {
 public:
  Dispatcher(int builds, int workers) : build_slots_(builds), worker_slots_(workers) {}

  // All that is due in a stack, by its committed state.
  void list(const pipeline::StackId& stack, std::vector<pipeline::Work> due);
  // The pieces to start now; each counts as running until ended().
  std::vector<pipeline::Work> take_starts();
  // Builds of which the state, as it was listed last, does not say what is so: that they wait for a free slot, or that
  // they do no more (R9.4). Each once a listing.
  struct Unsaid {
    pipeline::Work work;
    bool over = false;  // it has its turn
  };
  std::vector<Unsaid> take_unsaid();
  [[nodiscard]] std::size_t build_slots() const { return build_slots_; }
  // Keys of running pieces that shall stop; each is said once.
  std::vector<std::string> take_stops();
  // It runs no more; its result is on the way. Nothing when no such piece runs.
  struct Ended {
    pipeline::Work work;
    bool stop_asked = false;
  };
  std::optional<Ended> ended(const std::string& key);
  // Its result is settled: if the stack still lists the piece, it may start again.
  void settled(const std::string& key);
  [[nodiscard]] std::size_t running() const { return running_builds_ + running_others_; }

 private:
  enum class State { queued, running, settling };
  struct Piece {
    pipeline::Work work;
    State state = State::queued;
    bool stop_asked = false;
  };
  struct PerStack {
    std::vector<pipeline::Work> wanted;
    std::vector<std::string> pieces;
  };

  void consider(PerStack& stack);
  [[nodiscard]] bool is_free(const PerStack& stack, const pipeline::Work& work) const;
  void erase(const std::string& key);
  void take_from(std::deque<std::string>& queue, std::size_t& running, std::size_t slots, bool builds,
                 std::vector<pipeline::Work>& out);

  std::size_t build_slots_, worker_slots_;
  std::size_t running_builds_ = 0, running_others_ = 0;
  std::unordered_map<std::string, Piece> pieces_;
  std::unordered_map<pipeline::StackId, PerStack> stacks_;
  std::deque<std::string> builds_, others_;  // may name pieces that are gone or run already
  std::vector<std::string> to_compare_;      // listed or started since take_unsaid()
  std::vector<std::string> stops_;
};

}  // namespace sluice::conductor
