#include "metrics/tally.h"

#include <gtest/gtest.h>

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;

class TallyTest : public testing::Test {
 protected:
  std::vector<Spent> look() { return tally_.look(now_, there_); }
  void pass(Duration time) {
    now_.wall += time;
    now_.up += time;
  }
  Tally tally_;
  Moment now_{Time(1000h), 5h, "boot"};
  std::vector<Instance> there_{{"s", 7, 1h, 500'000, 1000}};
};

TEST_F(TallyTest, what_ran_before_the_first_look_is_nobodys) {
  const auto spent = look();
  ASSERT_EQ(spent.size(), 1u);
  EXPECT_EQ(spent[0].use, Use{});
}

TEST_F(TallyTest, counts_what_was_used_between_two_looks) {
  look();
  pass(10s);
  there_[0].cpu_us += 30'000;
  const auto spent = look();
  EXPECT_EQ(spent[0].span, 10s);
  EXPECT_EQ(spent[0].use.instance_ms, 10'000u);
  EXPECT_EQ(spent[0].use.cpu_us, 30'000u);
  EXPECT_EQ(spent[0].use.memory, 1000u * 10'000u);
}

TEST_F(TallyTest, one_that_began_between_counts_from_its_beginning) {
  look();
  pass(10s);
  there_ = {{"s", 8, now_.up - 4s, 70'000, 100}};  // the old one ended
  auto spent = look();
  EXPECT_EQ(spent[0].use.instance_ms, 4'000u);
  EXPECT_EQ(spent[0].use.cpu_us, 70'000u);
  pass(10s);
  there_ = {{"s", 8, now_.up - 2s, 10'000, 100}};  // another, with the same number
  spent = look();
  EXPECT_EQ(spent[0].use.instance_ms, 2'000u);
  EXPECT_EQ(spent[0].use.cpu_us, 10'000u);
}

TEST_F(TallyTest, a_counter_that_falls_takes_nothing_away) {
  look();
  pass(10s);
  there_[0].cpu_us = 100'000;
  EXPECT_EQ(look()[0].use.cpu_us, 0u);
  pass(10s);
  there_[0].cpu_us = 130'000;
  EXPECT_EQ(look()[0].use.cpu_us, 30'000u);
}

TEST_F(TallyTest, a_wall_clock_that_is_set_changes_no_span) {
  look();
  pass(10s);
  now_.wall += 24h;
  EXPECT_EQ(look()[0].span, 10s);
  pass(10s);
  now_.wall -= 48h;
  EXPECT_EQ(look()[0].span, 10s);
}

TEST_F(TallyTest, a_server_that_was_away_finds_what_was_used_meanwhile) {
  look();
  tally_ = Tally::decode(tally_.encode());
  pass(3h);
  there_[0].cpu_us += 9'000'000;
  const auto spent = look();
  EXPECT_EQ(spent[0].span, 3h);
  EXPECT_EQ(spent[0].use.cpu_us, 9'000'000u);
}

TEST_F(TallyTest, after_the_machine_was_restarted_everything_is_new) {
  look();
  tally_ = Tally::decode(tally_.encode());
  now_.wall += 1h;
  now_.up = 20min;
  now_.boot = "another";
  there_ = {{"s", 7, 1min, 40'000, 10}};
  const auto spent = look();
  EXPECT_EQ(spent[0].use.instance_ms, static_cast<std::uint64_t>(Duration(19min).count()));
  EXPECT_EQ(spent[0].use.cpu_us, 40'000u);
}

TEST_F(TallyTest, damaged_text_is_as_none) {
  for (const char* text : {"", "2 x 1 1", "1", "rubbish \n"}) EXPECT_EQ(Tally::decode(text).encode(), "") << text;
}

}  // namespace
}  // namespace sluice::metrics
