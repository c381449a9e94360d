#pragma once
#include <memory>
#include <string>
#include <utility>

#include "conductor/core.h"
#include "conductor/scripted.h"

// For this room's tests: the core without its threads, with a stack "shop" to which a change was pushed.
namespace sluice::conductor {

using namespace pipeline;
using namespace std::chrono_literals;

class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  Time now_{1'800'000'000s};
};

class CoreTest : public ConductorTest {
 protected:
  explicit CoreTest(const Conductor::Options& options = {})
      : ledger_(ledger_of(*store_)), core_(*ledger_, *secrets_, shown_, options) {
    EXPECT_TRUE(core_.load());
    make("shop");
    give(push('a'));
  }
  void make(const std::string& name) {
    Request request;
    request.creation = Creation{StackId{"stk_" + name}, name, {}, "dev", {}};
    request.command.actor = ada_;
    core_.submit(std::move(request));
    commit();
  }
  static CheckIn push(char letter) {
    CheckIn out;
    out.commit = std::string(40, letter);
    out.branch = "main";
    return out;
  }
  void give(CommandBody body, const std::string& stack = "shop") {
    Request request;
    request.stack_name = stack;
    request.command = {ada_, std::move(body)};
    core_.submit(std::move(request));
    commit();
  }
  void commit() {
    while (core_.has_group()) {
      auto group = core_.take_group();
      const auto first = ledger_->commit(group.batches);
      ASSERT_TRUE(first) << first.error().message;
      core_.committed();
      group.answer(first);
    }
  }
  void fail_to_commit() {
    auto group = core_.take_group();
    core_.commit_failed();
    group.answer(fail(ErrorKind::internal, ""));
  }
  void pass(Duration time) {
    shown_.now_ += time;
    core_.tick();
    commit();
  }
  void set_clock(Duration by) {
    shown_.now_ += by;
    core_.clock_was_set(by);
    core_.tick();
    commit();
  }
  void come_to(const Work& work, platform::Advance result) {
    core_.finished(work.key(), std::move(result));
    commit();
  }
  // The one piece of work that is due now.
  Work due() {
    auto starts = core_.take_starts();
    EXPECT_EQ(starts.size(), 1u);
    return starts.empty() ? Work{} : starts.front();
  }
  const Stage& dev() {
    seen_ = core_.committed_stacks().at(0);
    return seen_->stages.at(0);
  }

  SetClock shown_;
  std::unique_ptr<Ledger> ledger_;
  Core core_;
  Snapshot seen_;
};

}  // namespace sluice::conductor
