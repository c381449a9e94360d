#include "conductor/attendant.h"

#include <gtest/gtest.h>

namespace sluice::conductor {
namespace {

using namespace pipeline;
using std::chrono::hours;
using std::chrono::minutes;

const Time kFriday = *from_rfc3339("2026-01-30T10:00:00.000Z");

Stack with(StageConfig config, std::optional<Rest> rest = {}) {
  Stack stack;
  stack.id.value = "stk_aaaabbbb";
  stack.name = "shop";
  Stage stage;
  stage.id.value = "stg_aaaabbbb1";
  stage.name = "dev";
  stage.config = std::move(config);
  stage.rest = rest;
  stage.current =
      Current{{"dep_aaaabbbb2"}, {1, std::string(40, 'a')}, 1, "sha256-1", 1, rest ? 0 : 1, kFriday - hours(9)};
  stack.stages.push_back(stage);
  return stack;
}

std::vector<CommandBody> said(const Stack& stack, const IdleTimes& idle = {}, Time now = kFriday) {
  std::vector<CommandBody> out;
  for (auto& [name, command] : restless({std::make_shared<const Stack>(stack)}, idle, now)) {
    EXPECT_EQ(name, "shop");
    EXPECT_EQ(command.actor.kind, ActorKind::system);
    out.push_back(std::move(command.body));
  }
  return out;
}

StageConfig sleepy(std::int64_t seconds) {
  StageConfig config;
  config.sleep_after = seconds;
  return config;
}
StageConfig open_at(const std::string& times) {
  StageConfig config;
  config.hours = times;
  return config;
}

TEST(Attendant, R7_5_lays_to_rest_what_nobody_asked_for_long_enough) {
  const Stack stack = with(sleepy(600));
  const StageId id = stack.stages[0].id;
  EXPECT_TRUE(said(stack).empty()) << "not known is not idle";
  EXPECT_TRUE(said(stack, {{id, minutes(9)}}).empty());
  ASSERT_EQ(said(stack, {{id, minutes(10)}}).size(), 1u);
  EXPECT_EQ(std::get<LayToRest>(said(stack, {{id, minutes(10)}})[0]).why, RestCause::idle);
  Stack fresh = stack;
  fresh.stages[0].current->since = kFriday - minutes(5);
  EXPECT_TRUE(said(fresh, {{id, hours(1)}}).empty()) << "what was just deployed is looked at first";
  EXPECT_TRUE(said(with({}), {{id, hours(1)}}).empty()) << "it is not set to sleep";
}

TEST(Attendant, R7_5_goes_by_the_hours) {
  const StageConfig config = open_at("mon-fri 08:00-09:30 UTC");
  const Time monday = *from_rfc3339("2026-02-02T08:00:00.000Z");
  const auto over = said(with(config));
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(std::get<LayToRest>(over[0]).until, monday);
  EXPECT_TRUE(said(with(config, Rest{RestCause::hours, kFriday, monday})).empty()) << "said already";
  EXPECT_EQ(said(with(config, Rest{RestCause::hours, kFriday, kFriday})).size(), 1u) << "the hours were changed";
  const auto begun = said(with(config, Rest{RestCause::hours, kFriday, monday}), {}, monday);
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(std::get<Rouse>(begun[0]).why, RestCause::hours);
}

TEST(Attendant, R7_5_an_unknown_zone_stops_nothing) {
  int told = 0;
  const auto stack = std::make_shared<const Stack>(with(open_at("mon-fri 08:00-09:30 Mars/Base")));
  EXPECT_TRUE(restless({stack}, {}, kFriday, [&](const Stage&, const Error&) { ++told; }).empty());
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace sluice::conductor
