#include "conductor/turn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sluice::conductor {
namespace {

using pipeline::Work;
using pipeline::WorkKind;

struct Turn {
  // At once: what is listed; the steps that ran, a '+' after each that was the turn's own.
  std::vector<WorkKind> at_once;
  std::optional<WorkKind> fails;
  std::vector<std::string> ran, artifacts;
  std::stop_source stop;

  platform::Advance take(WorkKind kind) {
    Work work;
    work.kind = kind;
    return take_turn(
        work, stop.get_token(),
        [this](const Work& next) { return std::find(at_once.begin(), at_once.end(), next.kind) != at_once.end(); },
        [this](const Work& piece, bool own) -> platform::Advance {
          ran.push_back(std::to_string(static_cast<int>(piece.kind)) + (own ? "+" : ""));
          artifacts.push_back(piece.deployment.artifact);
          if (fails == piece.kind) return Error{ErrorKind::failed, "no", {}};
          platform::Done done;
          if (piece.kind == WorkKind::build) done.artifact = "sha256-a";
          return done;
        });
  }
};

std::string number(WorkKind kind) { return std::to_string(static_cast<int>(kind)); }

TEST(Turn, takes_the_steps_along_that_are_done_at_once) {
  Turn turn;
  turn.at_once = {WorkKind::publish, WorkKind::provision};
  const auto result = turn.take(WorkKind::build);
  ASSERT_TRUE(std::holds_alternative<platform::Done>(result));
  EXPECT_EQ(std::get<platform::Done>(result).through, WorkKind::provision);
  EXPECT_EQ(turn.ran, (std::vector<std::string>{number(WorkKind::build) + "+", number(WorkKind::publish),
                                                number(WorkKind::provision)}));
  EXPECT_EQ(turn.artifacts.back(), "sha256-a");
}

TEST(Turn, one_taken_along_that_fails_is_left_to_a_turn_of_its_own) {
  Turn turn;
  turn.at_once = {WorkKind::publish, WorkKind::provision};
  turn.fails = WorkKind::provision;
  const auto result = turn.take(WorkKind::build);
  ASSERT_TRUE(std::holds_alternative<platform::Done>(result));
  EXPECT_EQ(std::get<platform::Done>(result).through, WorkKind::publish);
  turn.ran.clear();
  EXPECT_TRUE(std::holds_alternative<Error>(turn.take(WorkKind::provision)));
  EXPECT_EQ(turn.ran, (std::vector<std::string>{number(WorkKind::provision) + "+"}));
}

TEST(Turn, that_is_to_stop_takes_nothing_along) {
  Turn turn;
  turn.at_once = {WorkKind::publish};
  turn.stop.request_stop();
  EXPECT_FALSE(std::get<platform::Done>(turn.take(WorkKind::build)).through);
}

}  // namespace
}  // namespace sluice::conductor
