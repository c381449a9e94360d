#include "logs/masker.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace sluice::logs {
namespace {

std::string mask(const std::vector<std::string>& values, const std::vector<std::string>& pieces) {
  Masker masker(values);
  std::string out;
  for (const auto& piece : pieces) masker.feed(piece, out);
  masker.flush(out);
  return out;
}

TEST(Masker, hides_values) {
  EXPECT_EQ(mask({"hunter22"}, {"pass=hunter22 ok"}), "pass=*** ok");
  EXPECT_EQ(mask({"hunter22", "other-one"}, {"other-one,hunter22,hunter2"}), "***,***,hunter2");
  EXPECT_EQ(mask({"hunter22"}, {"hunter22hunter22"}), "******");
}

TEST(Masker, hides_a_value_that_comes_in_pieces) {
  EXPECT_EQ(mask({"hunter22"}, {"pass=hun", "ter", "22 ok"}), "pass=*** ok");
  EXPECT_EQ(mask({"hunter22"}, {"h", "u", "n", "t", "e", "r", "2", "2"}), "***");
}

TEST(Masker, holds_back_only_what_may_begin_a_value) {
  Masker masker({"hunter22"});
  std::string out;
  masker.feed("Password: hun", out);
  EXPECT_EQ(out, "Password: ");
  masker.feed("g\n", out);
  EXPECT_EQ(out, "Password: hung\n");
}

TEST(Masker, hides_every_byte_of_overlapping_values) {
  EXPECT_EQ(mask({"abcdef", "defghi"}, {"<abcdefghi>"}), "<***>");
  EXPECT_EQ(mask({"abcdef", "defghi"}, {"<abcdef", "ghi>"}), "<***>");
  EXPECT_EQ(mask({"abcd", "abcdefgh"}, {"abcd", "efgh abcdef"}), "*** ***ef");
}

TEST(Masker, ignores_values_too_short_to_be_secret) { EXPECT_EQ(mask({"abc", ""}, {"abc"}), "abc"); }

TEST(Masker, hides_the_lines_of_a_value_of_several_lines_also_alone) {
  const std::string key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nab\n-----END KEY-----\n";
  EXPECT_EQ(mask({key}, {"key: " + key + "."}), "key: ***.");
  EXPECT_EQ(mask({key}, {"  MIIEvQIBADANBgkq\r\n  ab\n"}), "  ***\r\n  ab\n");
}

TEST(Masker, gives_the_same_however_the_text_is_cut) {
  rc::check([] {
    const auto values = *rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc"))));
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcabcx\n")));
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 6);
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    const auto whole = mask(values, {text});
    RC_ASSERT(mask(values, pieces) == whole);
    for (const auto& value : values) RC_ASSERT(value.size() < 4 || whole.find(value) == std::string::npos);
  });
}

}  // namespace
}  // namespace sluice::logs
