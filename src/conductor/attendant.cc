#include "conductor/attendant.h"

#include <spdlog/spdlog.h>

#include "base/hours.h"

namespace sluice::conductor {
namespace {

using namespace pipeline;

constexpr Duration kLook = std::chrono::seconds(5);

Actor machinery() { return Actor{ActorKind::system, "sluice", Role::admin}; }

bool sleeps_when_idle(const Stage& stage) {
  return stage.config.sleep_after && !stage.rest && !stage.active && stage.current && stage.current->instances > 0;
}

bool is_idle(const Stage& stage, const IdleTimes& idle, Time now) {
  const auto limit = std::chrono::seconds(*stage.config.sleep_after);
  const auto known = idle.find(stage.id);
  // One that was started for a deployment is given the time to be looked at.
  return known != idle.end() && known->second >= limit && now - stage.current->since >= limit;
}

std::optional<CommandBody> about_hours(const Stage& stage, const Hours::Phase& phase) {
  const bool rests = stage.rest && stage.rest->why == RestCause::hours;
  if (phase.open) return rests ? std::optional<CommandBody>(Rouse{stage.id, RestCause::hours}) : std::nullopt;
  if (rests && stage.rest->until == phase.until) return std::nullopt;
  return LayToRest{stage.id, RestCause::hours, phase.until};
}

void rouse(Conductor& conductor, const StageId& stage) {
  const StackId id = stack_of(stage.value);
  for (const auto& stack : conductor.snapshots()) {
    if (stack->id != id) continue;
    auto done = conductor.submit(stack->name, Command{machinery(), Rouse{stage, RestCause::idle}});
    if (!done) spdlog::warn("waking a stage of {}: {}", stack->name, done.error().message);
  }
}

}  // namespace

std::vector<std::pair<std::string, Command>> restless(
    const std::vector<Snapshot>& stacks, const IdleTimes& idle, Time now,
    const std::function<void(const Stage&, const Error&)>& hours_unknown) {
  std::vector<std::pair<std::string, Command>> out;
  for (const auto& stack : stacks) {
    for (const Stage& stage : stack->stages) {
      if (stage.config.hours) {
        const auto hours = Hours::parse(*stage.config.hours);
        const auto phase = hours ? hours->at(now) : Result<Hours::Phase>(fail(hours.error()));
        if (!phase && hours_unknown) hours_unknown(stage, phase.error());
        auto said = phase ? about_hours(stage, *phase) : std::nullopt;
        if (said) out.emplace_back(stack->name, Command{machinery(), std::move(*said)});
        if (said || (phase && !phase->open)) continue;
      }
      if (sleeps_when_idle(stage) && is_idle(stage, idle, now))
        out.emplace_back(stack->name, Command{machinery(), LayToRest{stage.id, RestCause::idle, {}}});
    }
  }
  return out;
}

Attendant::Attendant(Conductor& conductor, const Clock& clock, std::function<Result<IdleTimes>()> idle)
    : conductor_(conductor), clock_(clock), idle_(std::move(idle)), thread_([this](std::stop_token stop) {
        std::unique_lock lock(mutex_);
        do {
          lock.unlock();
          look();
          lock.lock();
        } while (!wake_.wait_for(lock, stop, kLook, [&stop] { return stop.stop_requested(); }));
      }) {
  std::lock_guard lock(line_->mutex);
  line_->conductor = &conductor;
}

void Attendant::look() {
  const auto stacks = conductor_.snapshots();
  bool is_asked = false;
  for (const auto& stack : stacks)
    for (const Stage& stage : stack->stages) is_asked = is_asked || sleeps_when_idle(stage);
  IdleTimes idle;
  if (is_asked) {
    auto asked = idle_();
    if (asked) {
      idle = std::move(*asked);
    } else {
      spdlog::warn("looking for idle stages: {}", asked.error().message);
    }
  }
  auto said = restless(stacks, idle, clock_.now(), [](const Stage& stage, const Error& error) {
    spdlog::warn("the hours of {}: {}", stage.name, error.message);
  });
  for (auto& [stack, command] : said) {
    auto done = conductor_.submit(stack, std::move(command));
    if (!done && done.error().kind != ErrorKind::not_found)
      spdlog::warn("laying stages of {} to rest: {}", stack, done.error().message);
  }
}

Attendant::~Attendant() {
  std::lock_guard lock(line_->mutex);
  line_->conductor = nullptr;
}

std::function<void(const StageId&)> Attendant::ear() const {
  return [line = line_](const StageId& stage) {
    std::lock_guard lock(line->mutex);
    if (line->conductor != nullptr) rouse(*line->conductor, stage);
  };
}

}  // namespace sluice::conductor
