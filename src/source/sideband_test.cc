#include "source/sideband.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice::source {
namespace {

using namespace std::string_literals;

TEST(Sideband, knows_its_framing) {
  EXPECT_TRUE(is_sideband("000a\x01hello0000"s));
  EXPECT_TRUE(is_sideband("000a\x02hello000a\x01hello0000"s));
  EXPECT_TRUE(is_sideband("0000"));
  EXPECT_FALSE(is_sideband(""));
  EXPECT_FALSE(is_sideband("000eunpack ok\n0000"));
  EXPECT_FALSE(is_sideband("000a\x01hello"s));
  EXPECT_FALSE(is_sideband("ffff\x01hello0000"s));
  EXPECT_FALSE(is_sideband("00000000"));
  EXPECT_FALSE(is_sideband("-001\x01xx0000"s));
}

TEST(Sideband, text_goes_before_the_flush) {
  EXPECT_EQ(with_progress("000a\x01hello0000"s, "hi"), "000a\x01hello0008\x02hi\n0000"s);
  EXPECT_EQ(with_progress("0000"s, ""), "0000");
}

TEST(Sideband, an_error_takes_the_reports_place) {
  EXPECT_EQ(with_error("0007\x02"
                       "ab000a\x01hello0000"s,
                       "no"),
            "0007\x02"
            "ab0007\x03no0000"s);
}

TEST(Sideband, long_text_is_split_into_packets_that_git_accepts) {
  const std::string out = with_progress("0000", std::string(200'000, 'x'));
  EXPECT_TRUE(is_sideband(out));
  EXPECT_EQ(out.substr(0, 4), "fff0");
}

RC_GTEST_PROP(Sideband, stays_sideband_whatever_is_said, (const std::string& text)) {
  const std::string out = with_progress("000a\x01hello0000"s, text);
  RC_ASSERT(is_sideband(out));
  RC_ASSERT(is_sideband(with_error(out, text)));
}

RC_GTEST_PROP(Sideband, never_reads_past_its_end, (const std::string& text)) {
  (void)is_sideband(text);
  (void)is_sideband("00" + text);
  (void)is_sideband(text + "0000");
}

}  // namespace
}  // namespace sluice::source
