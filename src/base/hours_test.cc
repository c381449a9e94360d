#include "base/hours.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

Time at(const char* text) { return *from_rfc3339(text); }

TEST(Hours, read_what_people_write) {
  const auto hours = Hours::parse("mon-fri 08:00-19:00 Europe/Berlin");
  ASSERT_TRUE(hours);
  EXPECT_EQ(hours->zone, "Europe/Berlin");
  ASSERT_EQ(hours->windows.size(), 1u);
  EXPECT_EQ(hours->windows[0].last_day, 4);
  EXPECT_EQ(hours->windows[0].from, std::chrono::hours(8));
  EXPECT_EQ(Hours::parse("mon-thu 08:00-18:00, fri 08:00-15:00 UTC")->windows.size(), 2u);
  EXPECT_TRUE(Hours::parse("  daily 00:00-24:00   UTC "));
}

TEST(Hours, say_what_is_wrong) {
  for (const char* text : {"", "always", "mon-fri 08:00-19:00", "mon-fri 8-19 UTC", "monday 08:00-19:00 UTC",
                           "mon-fri 08:00 UTC", "mon-fri 08:60-19:00 UTC", "mon-fri 25:00-26:00 UTC", "08:00-19:00 UTC",
                           "mon 08:00-09:00,, UTC", "mon-fri 24:00-10:00 UTC", "mon-fri 08:00-19:00 U\"C"}) {
    const auto hours = Hours::parse(text);
    ASSERT_FALSE(hours) << text;
    EXPECT_NE(hours.error().message.find("mon-fri 08:00-19:00 Europe/Berlin"), std::string::npos) << text;
  }
  EXPECT_FALSE(is_known_zone("Europe/Nowhere"));
  EXPECT_TRUE(is_known_zone("Europe/Berlin"));
  EXPECT_FALSE(Hours::parse("daily 08:00-09:00 Europe/Nowhere")->at(at("2026-01-01T00:00:00.000Z")));
}

TEST(Hours, know_when_they_begin_and_end) {
  const auto hours = *Hours::parse("mon-fri 08:00-19:00 Europe/Berlin");
  auto phase = hours.at(at("2026-01-30T10:00:00.000Z"));  // a Friday, in winter
  ASSERT_TRUE(phase);
  EXPECT_TRUE(phase->open);
  EXPECT_EQ(phase->until, at("2026-01-30T18:00:00.000Z"));
  phase = hours.at(at("2026-01-30T18:00:00.000Z"));
  EXPECT_FALSE(phase->open);
  EXPECT_EQ(phase->until, at("2026-02-02T07:00:00.000Z"));
  phase = hours.at(at("2026-07-01T06:00:00.000Z"));  // in summer they begin an hour earlier
  EXPECT_TRUE(phase->open);
  EXPECT_EQ(phase->until, at("2026-07-01T17:00:00.000Z"));
}

TEST(Hours, are_said_in_their_own_zone) {
  EXPECT_EQ(Hours::parse("mon 08:00-19:00 Europe/Berlin")->say(at("2026-02-02T07:00:30.000Z")),
            "Monday 08:00 (Europe/Berlin)");
  EXPECT_EQ(Hours::parse("mon 08:00-19:00 Europe/Nowhere")->say(at("2026-02-02T07:00:00.000Z")), "Monday 07:00 (UTC)");
}

TEST(Hours, pass_midnight_and_the_end_of_the_week) {
  const auto nights = *Hours::parse("sat-sun 22:00-06:00 UTC");
  EXPECT_TRUE(nights.at(at("2026-02-02T05:59:00.000Z"))->open);  // Monday morning belongs to Sunday's night
  EXPECT_FALSE(nights.at(at("2026-02-02T06:00:00.000Z"))->open);
  EXPECT_EQ(nights.at(at("2026-02-02T06:00:00.000Z"))->until, at("2026-02-07T22:00:00.000Z"));
  EXPECT_TRUE(Hours::parse("sun-mon 10:00-11:00 UTC")->at(at("2026-02-02T10:30:00.000Z"))->open);
}

TEST(Hours, that_touch_are_one) {
  const auto hours = *Hours::parse("mon 08:00-12:00, mon 12:00-18:00 UTC");
  EXPECT_EQ(hours.at(at("2026-02-02T09:00:00.000Z"))->until, at("2026-02-02T18:00:00.000Z"));
  EXPECT_FALSE(Hours::parse("daily 00:00-24:00 UTC")->at(at("2026-02-02T09:00:00.000Z"))->until);
}

TEST(Hours, go_on_through_an_hour_that_is_skipped) {  // 2026-03-29, 02:00 is 03:00 in Berlin
  const auto hours = *Hours::parse("daily 02:30-04:00 Europe/Berlin");
  const auto phase = hours.at(at("2026-03-28T20:00:00.000Z"));
  EXPECT_FALSE(phase->open);
  EXPECT_EQ(phase->until, at("2026-03-29T01:00:00.000Z"));
}

}  // namespace
}  // namespace sluice
