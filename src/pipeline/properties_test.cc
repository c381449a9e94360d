#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "pipeline/flow_test.h"

// Random people, random results, late and repeated ones, time passing: the invariants (flow_watch_test.cc) are looked
// at after every command, and in the end everything comes to rest.
namespace sluice::pipeline::testing {
namespace {

using S = DeploymentState;

struct Move {
  int what = 0;
  unsigned a = 0, b = 0, c = 0;
};

void showValue(const Move& move, std::ostream& os) {
  os << move.what << "(" << move.a << "," << move.b << "," << move.c << ")";
}

class Life {
 public:
  Flow f;

  void live(const Move& move) {
    f.as(ann());
    kMoves[static_cast<std::size_t>(move.what)](*this, move);
  }

  static constexpr int kWork = 8;  // the first so many are progress: they come more often

 private:
  using Doing = void (*)(Life&, const Move&);
  static const std::vector<Doing> kMoves;

  std::vector<CommandBody> past_;  // results that were given already

  std::string stage(unsigned pick) const {
    return f.stack.stages.empty() ? "none" : f.stack.stages[pick % f.stack.stages.size()].name;
  }
  void result(const CommandBody& body) {
    past_.push_back(body);
    f.as(machine()).give(body);
  }
  void progress(const Move& m) {
    const auto due = f.works();
    if (!due.empty()) result(Flow::done(due[m.a % due.size()]));
  }
  void stumble(const Move& m) {
    const auto due = f.works();
    if (!due.empty()) result(Flow::failed(due[m.a % due.size()], "it broke"));
  }
  void delay(const Move& m) {
    const auto due = f.works();
    if (due.empty()) return;
    const Work& piece = due[m.a % due.size()];
    const Duration later = std::chrono::seconds(m.b % 90);
    if (piece.kind < WorkKind::scale) {
      result(StepNotYet{piece.stage, piece.deployment.id, piece.attempt, piece.deployment.state, "handle", "", later});
    } else {
      const int chore = static_cast<int>(piece.kind) - static_cast<int>(WorkKind::scale);
      result(ChoreResult{piece.stage, chore, piece.attempt, ChoreOutcome::not_yet, 0, "handle", "", later});
    }
  }
  void repeat(const Move& m) {
    if (past_.empty()) return;
    const CommandBody body = past_[m.a % past_.size()];
    f.as(machine()).give(body);
  }
  void restart() {
    RC_ASSERT(f.replayed() == f.stack);
    f.pass(std::chrono::seconds(0));
  }

 public:
  static int moves() { return static_cast<int>(kMoves.size()); }
};

const std::vector<Life::Doing> Life::kMoves = {
    [](Life& l, const Move& m) { l.progress(m); },
    [](Life& l, const Move& m) { l.progress(m); },
    [](Life& l, const Move& m) { l.progress(m); },
    [](Life& l, const Move& m) {
      for (unsigned i = 0; i < 9; ++i) l.progress(m);
    },
    [](Life& l, const Move& m) {
      const std::string at = l.stage(m.a);
      if (l.f.stack.stages.empty() || !l.f.at(at).active || l.f.at(at).active->look_again > l.f.now) return;
      for (unsigned i = 0; i < 9; ++i) l.progress(m);
    },
    [](Life& l, const Move&) { l.f.check_in(); },
    [](Life& l, const Move&) { l.f.check_in(); },
    [](Life& l, const Move& m) {
      const std::string at = l.stage(m.a);
      if (l.f.stack.stages.empty() || !l.f.at(at).approval) return;
      l.f.approve(at, l.f.at(at).approval->change.number);
    },
    // From here on: what happens now and then.
    [](Life& l, const Move& m) { l.stumble(m); },
    [](Life& l, const Move& m) { l.delay(m); },
    [](Life& l, const Move& m) { l.repeat(m); },
    [](Life& l, const Move& m) {
      static const char* const kNames[] = {"dev", "test", "canary", "prod", "eu", "us"};
      Gate gate{m.b % 2 == 0, static_cast<std::int64_t>(m.c % 3)};
      const bool somewhere = m.c % 4 != 0 && !l.f.stack.stages.empty();
      l.f.add(kNames[m.a % 6], gate, somewhere ? l.stage(m.b) : "");
    },
    [](Life& l, const Move& m) { l.f.remove(l.stage(m.a), m.b % 4 == 0); },
    [](Life& l, const Move& m) { l.f.approve(l.stage(m.a), static_cast<ChangeNumber>(m.b % 12)); },
    [](Life& l, const Move& m) {
      const std::string at = l.stage(m.a);
      if (l.f.stack.stages.empty() || !l.f.at(at).approval) return;
      l.f.reject(at, l.f.at(at).approval->change.number);
    },
    [](Life& l, const Move& m) { l.f.require_approval(l.stage(m.a), m.b % 2 == 0); },
    [](Life& l, const Move& m) { l.f.instances(l.stage(m.a), m.b % 4); },
    [](Life& l, const Move& m) { l.f.save(l.stage(m.a)); },
    [](Life& l, const Move& m) { l.f.retry(l.stage(m.a)); },
    [](Life& l, const Move& m) { l.f.redeploy(l.stage(m.a)); },
    [](Life& l, const Move& m) { l.f.rollback(l.stage(m.a), m.b % 3 == 0 ? m.c % 12 : 0, m.b % 2 == 0, m.b % 5 == 0); },
    [](Life& l, const Move& m) { l.f.promote(l.stage(m.a), m.b % 12); },
    [](Life& l, const Move& m) { l.f.pause(l.stage(m.a)); },
    [](Life& l, const Move& m) { l.f.resume(l.stage(m.a)); },
    [](Life& l, const Move& m) {
      const std::string at = l.stage(m.a);
      if (!l.f.stack.stages.empty() && l.f.at(at).active) l.f.cancel(at);
    },
    [](Life& l, const Move& m) {
      const std::string at = l.stage(m.a);
      if (!l.f.stack.stages.empty() && l.f.at(at).waiting) l.f.cancel_waiting(at);
    },
    [](Life& l, const Move& m) { l.f.pass(std::chrono::seconds(m.a % 90)); },
    [](Life& l, const Move& m) { l.f.pass(std::chrono::minutes(m.a % 25)); },
    [](Life& l, const Move&) { l.restart(); },
    [](Life& l, const Move& m) {
      if (m.a % 40 == 7) l.f.give(DeleteStack{});
    },
};

rc::Gen<Move> moves() {
  const auto pick = [] { return rc::gen::inRange<unsigned>(0, 1000); };
  const auto what = rc::gen::weightedOneOf<int>(
      {{3, rc::gen::inRange(0, Life::kWork)}, {2, rc::gen::inRange(Life::kWork, Life::moves())}});
  return rc::gen::construct<Move>(what, pick(), pick(), pick());
}

void expect_at_rest(const Flow& f) {
  RC_ASSERT(f.stack.leaving.empty());
  for (const Stage& stage : f.stack.stages) {
    RC_ASSERT(!stage.active);
    RC_ASSERT(!stage.retiring);
    RC_ASSERT(!stage.scaling);
    RC_ASSERT(!stage.waiting || stage.waiting->parked);
    RC_ASSERT(!stage.held || stage.paused);
    RC_ASSERT(!stage.current || stage.current->instances == stage.config.instances);
  }
}

RC_GTEST_PROP(Properties, whatever_happens_the_invariants_hold_and_it_comes_to_rest, ()) {
  const auto life = *rc::gen::container<std::vector<Move>>(moves());
  Life l;
  l.f.add("test").add("prod", {true});
  for (const Move& move : life) l.live(move);
  l.f.rest();
  expect_at_rest(l.f);
  RC_ASSERT(l.f.replayed() == l.f.stack);
}

RC_GTEST_PROP(Properties, a_result_that_was_given_once_means_nothing_the_second_time, ()) {
  const auto life = *rc::gen::container<std::vector<Move>>(moves());
  Life l;
  l.f.add("prod", {true}).check_in();
  for (const Move& move : life) {
    l.live(move);
    for (const Work& piece : l.f.works()) {
      if (piece.kind == WorkKind::start || piece.kind == WorkKind::scale)
        continue;  // may be due again with a new count
      const CommandBody result = Flow::failed(piece, "twice");
      l.f.as(machine()).give(result);
      const bool is_chore = piece.kind == WorkKind::retire || piece.kind == WorkKind::remove;
      const bool is_discard = piece.kind == WorkKind::discard;
      l.f.give(result);
      if (!is_chore && !is_discard) RC_ASSERT(l.f.happened().empty());
      break;
    }
  }
}

}  // namespace
}  // namespace sluice::pipeline::testing
