#include "metrics/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace sluice::metrics {
namespace {

double true_percentile(std::vector<std::int64_t> all, double share) {
  std::ranges::sort(all);
  const auto rank =
      std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(share * static_cast<double>(all.size()))));
  return static_cast<double>(all[rank - 1]);
}

RC_GTEST_PROP(Histogram, no_percentile_is_wrong_by_more_than_a_thirty_second, ()) {
  const auto all =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 4'000'000)));
  Histogram histogram;
  for (auto value : all) histogram.add(value);
  for (double share : {0.0, 0.5, 0.95, 0.99, 1.0}) {
    const auto truth = true_percentile(all, share);
    RC_ASSERT(std::abs(histogram.percentile(share) - truth) <= truth / 32);
  }
}

RC_GTEST_PROP(Histogram, two_added_are_as_one_that_saw_all,
              (std::vector<std::uint16_t> a, std::vector<std::uint32_t> b)) {
  Histogram one, other, both;
  for (auto value : a) one.add(value), both.add(value);
  for (auto value : b) other.add(value), both.add(value);
  one.add(other);
  RC_ASSERT(one.count() == a.size() + b.size());
  RC_ASSERT(one == both);
}

RC_GTEST_PROP(Histogram, what_was_written_is_read_again, (std::vector<std::uint32_t> values)) {
  Histogram histogram, again;
  for (auto value : values) histogram.add(value, value % 7 + 1);
  std::string text;
  histogram.encode(text);
  RC_ASSERT(again.decode(text));
  RC_ASSERT(again == histogram);
}

TEST(Histogram, is_exact_for_short_ones_and_empty_at_first) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0);
  for (int i = 1; i <= 31; ++i) histogram.add(i);
  EXPECT_EQ(histogram.percentile(0.5), 16);
  EXPECT_EQ(histogram.percentile(1), 31);
  EXPECT_EQ(histogram.at_most(10), 10u);
  EXPECT_EQ(histogram.sum(), 31 * 16);
  histogram.add(-5);  // a clock that went back
  EXPECT_EQ(histogram.at_most(0), 1u);
}

TEST(Histogram, counts_what_takes_for_ever_in_its_last_class) {
  Histogram histogram;
  histogram.add(std::int64_t{1} << 40);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_GT(histogram.percentile(0.5), 3'600'000);
}

TEST(Histogram, refuses_text_that_is_none) {
  Histogram histogram;
  for (const char* text : {"\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x7f\x01\x7f\x01\x7f\x01\x7f\x01"})
    EXPECT_FALSE(histogram.decode(text));
}

}  // namespace
}  // namespace sluice::metrics
