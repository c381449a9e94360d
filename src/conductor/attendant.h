#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "conductor/conductor.h"

// Lays stages to rest that nobody asks for, or whose hours are over, and rouses them again (R7.5). Nothing of it is
// remembered: what should rest is derived from the clock, the traffic and the stacks each time.
namespace sluice::conductor {

// How long ago a stage's last request ended; a stage that is not in it: not known.
using IdleTimes = std::map<pipeline::StageId, Duration>;

// What is to be said now of these stacks, by the machinery: the stack's name and the command. `hours_unknown` is told
// of a stage whose time zone this machine does not know; it runs on.
std::vector<std::pair<std::string, pipeline::Command>> restless(
    const std::vector<Snapshot>& stacks, const IdleTimes& idle, Time now,
    const std::function<void(const pipeline::Stage&, const Error&)>& hours_unknown = {});

// Looks every few seconds. All references outlive it.
class Attendant {
 public:
  // `idle` is asked on its thread, and only while a stage is set to sleep.
  Attendant(Conductor& conductor, const Clock& clock, std::function<Result<IdleTimes>()> idle);
  ~Attendant();
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;
  // To be told of a sleeping stage that is asked for, from any thread; returns when that is committed. It may outlive
  // this, and does nothing then.
  [[nodiscard]] std::function<void(const pipeline::StageId&)> ear() const;

 private:
  struct Line {
    std::mutex mutex;
    Conductor* conductor = nullptr;
  };
  void look();
  Conductor& conductor_;
  const Clock& clock_;
  std::function<Result<IdleTimes>()> idle_;
  std::shared_ptr<Line> line_ = std::make_shared<Line>();
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace sluice::conductor
