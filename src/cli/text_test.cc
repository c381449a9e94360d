#include "cli/text.h"

#include <gtest/gtest.h>

#include "cli/nearest.h"

namespace sluice::cli {
namespace {

TEST(Text, width_counts_columns_not_bytes) {
  EXPECT_EQ(width("abc"), 3u);
  EXPECT_EQ(width("Grüße"), 5u);
  EXPECT_EQ(width("日本"), 4u);
  EXPECT_EQ(width("e\xCC\x81"), 1u);  // e and a combining acute
  EXPECT_EQ(width("\xFF\xC3"), 2u);   // not UTF-8
  EXPECT_EQ(width(""), 0u);
}

TEST(Text, cut_ends_with_an_ellipsis_and_never_splits_a_character) {
  EXPECT_EQ(cut("Grüße", 5), "Grüße");
  EXPECT_EQ(cut("Grüße", 4), "Grü…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("abc", 1), "…");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Text, what_others_wrote_cannot_steer_the_terminal) {
  EXPECT_EQ(one_line("a\x1b[31mb\nc\td\r"), "a?[31mb c d");
  EXPECT_EQ(tame("a\nb\x07\tc"), "a\nb?\tc");
  EXPECT_EQ(one_line("x\xE2\x80\xAEy"), "x?y");  // right-to-left override
  EXPECT_EQ(subject("first line\n\nrest"), "first line");
}

TEST(Text, age_is_one_unit_rounded_down) {
  const Time now = Time(std::chrono::hours(1'000'000));
  using namespace std::chrono;
  EXPECT_EQ(age(now, now), "now");
  EXPECT_EQ(age(now + hours(1), now), "now");
  EXPECT_EQ(age(now - seconds(59), now), "59s");
  EXPECT_EQ(age(now - seconds(119), now), "1m");
  EXPECT_EQ(age(now - hours(23), now), "23h");
  EXPECT_EQ(age(now - hours(49), now), "2d");
}

TEST(Text, a_table_aligns_what_is_wide_and_leaves_no_blanks_at_the_end) {
  Table table;
  table.head = {{"NAME"}, {"SUBJECT"}, {"AGE"}};
  table.rows = {{{"dev"}, {"日本"}, {"2m"}}, {{"prod-eu"}, {"x"}, {""}}};
  EXPECT_EQ(render(table, 0, false),
            "NAME     SUBJECT  AGE\n"
            "dev      日本     2m\n"
            "prod-eu  x\n");
}

TEST(Text, a_column_that_is_empty_everywhere_takes_no_room) {
  Table table;
  table.rows = {{{"a"}, {""}, {"b"}}, {{"c"}, {""}, {"d"}}};
  EXPECT_EQ(render(table, 0, false, "  "), "  a  b\n  c  d\n");
}

TEST(Text, a_table_too_wide_takes_the_excess_from_one_column) {
  Table table;
  table.shrink = 1;
  table.rows = {{{"#1"}, {"a rather long subject line"}, {"2m"}}};
  EXPECT_EQ(render(table, 24, false), "#1  a rather long s…  2m\n");
  EXPECT_EQ(width(render(table, 24, false)), 25u);  // 24 columns and the line break
}

TEST(Text, colour_is_written_only_when_asked_for) {
  Table table;
  table.rows = {{{"a", Colour::red}, {"b"}}};
  EXPECT_EQ(render(table, 0, false), "a  b\n");
  EXPECT_EQ(render(table, 0, true), "\x1b[31ma\x1b[0m  b\n");
}

TEST(Text, nearest_finds_a_slip_of_the_finger_and_nothing_far_away) {
  const std::vector<std::string> known{"status", "stack", "stage", "approve", "env"};
  EXPECT_EQ(nearest("statsu", known), "status");
  EXPECT_EQ(nearest("aprove", known), "approve");
  EXPECT_EQ(nearest("appr", known), "approve");
  EXPECT_EQ(nearest("enf", known), "env");
  EXPECT_EQ(nearest("kubernetes", known), std::nullopt);
  EXPECT_EQ(nearest("fish", {"bash", "zsh"}), std::nullopt);
}

TEST(Text, a_table_leaves_out_what_is_empty_and_what_a_narrow_terminal_can_spare) {
  Table table;
  table.head = {{"NAME"}, {"EMPTY"}, {"OWNER"}, {"SIZE"}};
  table.rows = {{{"one"}, {""}, {"somebody"}, {"12"}}, {{"two"}, {""}, {"else"}, {"3"}}};
  table.spare = {3, 2};
  EXPECT_EQ(render(table, 0, false), "NAME  OWNER     SIZE\none   somebody  12\ntwo   else      3\n");
  EXPECT_EQ(render(table, 20, false), render(table, 0, false));
  EXPECT_EQ(render(table, 19, false), "NAME  OWNER\none   somebody\ntwo   else\n");
  EXPECT_EQ(render(table, 10, false), "NAME\none\ntwo\n");
}

TEST(Text, is_drawn_over_what_was_there_and_never_beyond_the_last_row) {
  EXPECT_EQ(drawn_over("a\nb\n", 24), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(drawn_over("a\nb\n", 3), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
  EXPECT_EQ(drawn_over("a\nb\nc\nd\n", 4), "\x1b[Ha\x1b[K\nb\x1b[K\n… 2 more lines\x1b[K\n\x1b[J");
  EXPECT_EQ(drawn_over("a\nb\n", 1), "\x1b[H… 2 more lines\x1b[K\n\x1b[J");
}

}  // namespace
}  // namespace sluice::cli
