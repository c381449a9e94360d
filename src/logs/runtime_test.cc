#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "base/files.h"
#include "base/process.h"
#include "logs/logger_folder.h"
#include "logs/logs.h"
#include "logs/test_folder.h"

namespace sluice::logs {
namespace {

namespace fs = std::filesystem;

Time at(const std::string& clock) { return *from_rfc3339("2026-01-31T" + clock + "Z"); }
std::string stamped(const std::string& clock, const std::string& text) {
  return "2026-01-31 " + clock + "  " + text + "\n";
}
void add(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::app) << text;
}
std::vector<std::string> texts(const Lines& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines.lines) out.push_back(line.text);
  return out;
}
using Texts = std::vector<std::string>;

// As s6-log does it.
void rotate(const fs::path& logger, const std::string& label) {
  fs::rename(logger / "current", logger / "previous");
  std::ofstream(logger / "current");
  fs::rename(logger / "previous", logger / ("@" + label + ".s"));
}
const std::string kLabel = "4000000069aa000";  // and nine more digits

struct RuntimeTest : ::testing::Test {
  fs::path logger(const std::string& instance) { return folder.path / instance; }
  Lines read(const std::string& cursor = "", std::size_t limit = 2000) {
    auto lines = read_lines(folder.path, std::nullopt, cursor, limit);
    EXPECT_TRUE(lines) << lines.error().message;
    return *lines;
  }
  TestFolder folder;
};

TEST(LoggedLine, is_taken_apart) {
  const auto line = parse_logged_line("2026-01-31 09:30:00.123456789  hello  there", {});
  EXPECT_EQ(to_rfc3339(line.at), "2026-01-31T09:30:00.123Z");
  EXPECT_EQ(line.nanos, 456789);
  EXPECT_EQ(line.text, "hello  there");
  EXPECT_EQ(parse_logged_line("2026-01-31 09:30:00.123456789 one space", {}).text, "one space");
  EXPECT_EQ(parse_logged_line("2026-01-31 09:30:00.123456789", {}).text, "");
  EXPECT_EQ(parse_logged_line("2026-01-31 09:30:00.123456789   indented", {}).text, " indented");
  const auto odd = parse_logged_line("no stamp", at("01:02:03.000"));
  EXPECT_EQ(odd.at, at("01:02:03.000"));
  EXPECT_EQ(odd.text, "no stamp");
}

TEST_F(RuntimeTest, a_folder_that_is_not_there_has_no_lines) {
  const auto lines = read_lines(folder.path / "none", std::nullopt, "");
  ASSERT_TRUE(lines);
  EXPECT_TRUE(lines->lines.empty());
  EXPECT_FALSE(changed_since(folder.path / "none", lines->cursor));
  EXPECT_TRUE(last_lines(folder.path / "none", 5)->lines.empty());
}

TEST_F(RuntimeTest, merges_instances_by_time) {
  add(logger("12.a.0") / "current", stamped("09:30:00.000000001", "a1") + stamped("09:30:02.000000000", "a2"));
  add(logger("12.a.1") / "current", stamped("09:30:00.000000002", "b1") + stamped("09:30:01.000000000", "b2"));
  const auto lines = read();
  EXPECT_EQ(texts(lines), (Texts{"a1", "b1", "b2", "a2"}));
  EXPECT_EQ(lines.lines[1].instance, "12.a.1");
  EXPECT_EQ(lines.lines[1].at, at("09:30:00.000"));
}

TEST_F(RuntimeTest, the_cursor_goes_on_after_what_was_given) {
  add(logger("a") / "current", stamped("09:30:00.000000001", "a1") + stamped("09:30:02.000000000", "a2"));
  add(logger("b") / "current", stamped("09:30:01.000000000", "b1"));
  auto lines = read("", 2);
  EXPECT_EQ(texts(lines), (Texts{"a1", "b1"}));
  EXPECT_TRUE(changed_since(folder.path, lines.cursor));
  lines = read(lines.cursor);
  EXPECT_EQ(texts(lines), (Texts{"a2"}));
  EXPECT_FALSE(changed_since(folder.path, lines.cursor));
  EXPECT_TRUE(read(lines.cursor).lines.empty());
  add(logger("b") / "current", stamped("09:30:03.000000000", "b2") + "2026-01-31 09:30:04.00");
  EXPECT_TRUE(changed_since(folder.path, lines.cursor));
  lines = read(lines.cursor);
  EXPECT_EQ(texts(lines), (Texts{"b2"})) << "half a line waits";
  add(logger("b") / "current", "0000000  b3\n");
  EXPECT_EQ(texts(read(lines.cursor)), (Texts{"b3"}));
}

TEST_F(RuntimeTest, a_new_instance_is_read_from_its_beginning) {
  add(logger("a") / "current", stamped("09:30:05.000000000", "a1"));
  const auto lines = read();
  add(logger("b") / "current", stamped("09:30:00.000000000", "b1"));
  EXPECT_TRUE(changed_since(folder.path, lines.cursor));
  EXPECT_EQ(texts(read(lines.cursor)), (Texts{"b1"}));
  const auto later = read_lines(folder.path, at("09:30:01.000"), lines.cursor);
  EXPECT_TRUE(later->lines.empty());
}

TEST_F(RuntimeTest, an_instance_that_no_line_was_given_of_is_gone_on_with_where_its_time_began) {
  add(logger("b") / "current", stamped("09:00:00.000000000", "old"));
  rotate(logger("b"), "4000000069682e0000000001");  // says 2026-01-15: long before what is asked for
  add(logger("b") / "current", stamped("09:30:02.000000000", "b"));
  add(logger("a") / "current", stamped("09:30:01.000000000", "a"));
  auto lines = *read_lines(folder.path, at("09:20:00.000"), "", 1);
  EXPECT_EQ(texts(lines), (Texts{"a"}));
  EXPECT_TRUE(lines.more);
  lines = read(lines.cursor);
  EXPECT_EQ(texts(lines), (Texts{"b"}));
  EXPECT_FALSE(lines.more);
}

TEST_F(RuntimeTest, looks_at_so_much_at_a_time_and_goes_on_after_it) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += stamped("09:30:00.000000000", i % 10'000 == 9'999 ? "needle " + std::to_string(i) : std::string(100, 'h'));
  add(logger("a") / "current", text);
  std::string cursor;
  Texts got;
  int pieces = 0;
  for (bool more = true; more; ++pieces) {
    const auto lines = read_lines(folder.path, std::nullopt, cursor, 2000,
                                  [](std::string_view line) { return line.starts_with("needle"); });
    ASSERT_TRUE(lines);
    for (const auto& line : lines->lines) got.push_back(line.text);
    cursor = lines->cursor;
    more = lines->more;
  }
  EXPECT_EQ(got.size(), 10u);
  EXPECT_GT(pieces, 2) << "one that looks for what is rare must not keep the others waiting";
  EXPECT_FALSE(changed_since(folder.path, cursor));
}

TEST_F(RuntimeTest, the_cursor_of_as_many_instances_as_there_can_be_fits_into_a_request) {
  for (int i = 0; i < 300; ++i)
    add(logger(fmt::format("1234.1234.{}", i)) / "current", stamped("09:30:00.123456789", "line"));
  const auto lines = read();
  EXPECT_EQ(lines.lines.size(), 300u);
  EXPECT_LT(lines.cursor.size(), 24u << 10) << "a request's head may have 32 KiB";
  EXPECT_EQ(lines.cursor.find_first_not_of("0123456789abcdef._~"), std::string::npos) << "a URL has it as it is";
  EXPECT_TRUE(read(lines.cursor).lines.empty());
  add(logger("1234.1234.7") / "current", stamped("09:30:01.000000000", "next"));
  EXPECT_EQ(texts(read(lines.cursor)), (Texts{"next"}));
}

TEST_F(RuntimeTest, the_cursor_survives_rotation) {
  const auto a = logger("a");
  add(a / "current", stamped("09:30:00.000000000", "1") + stamped("09:30:01.000000000", "2"));
  auto lines = read("", 1);
  EXPECT_EQ(texts(lines), (Texts{"1"}));
  rotate(a, kLabel + "000000001");
  lines = read(lines.cursor);
  EXPECT_EQ(texts(lines), (Texts{"2"}));
  EXPECT_FALSE(changed_since(folder.path, lines.cursor)) << "the new file is empty";
  add(a / "current", stamped("09:30:02.000000000", "3"));
  EXPECT_TRUE(changed_since(folder.path, lines.cursor));
  rotate(a, kLabel + "000000002");
  add(a / "current", stamped("09:30:03.000000000", "4"));
  lines = read(lines.cursor);
  EXPECT_EQ(texts(lines), (Texts{"3", "4"}));
  EXPECT_EQ(texts(read()), (Texts{"1", "2", "3", "4"}));
}

TEST_F(RuntimeTest, notices_lines_that_came_just_before_a_rotation) {
  const auto a = logger("a");
  add(a / "current", stamped("09:30:00.000000000", "1"));
  const auto lines = read();
  add(a / "current", stamped("09:30:01.000000000", "2"));
  rotate(a, kLabel + "000000001");
  EXPECT_TRUE(changed_since(folder.path, lines.cursor));
  EXPECT_EQ(texts(read(lines.cursor)), (Texts{"2"}));
}

TEST_F(RuntimeTest, goes_on_with_the_oldest_kept_when_its_place_was_cleaned) {
  const auto a = logger("a");
  add(a / "current", stamped("09:30:00.000000000", "1"));
  const auto lines = read();
  rotate(a, kLabel + "000000001");
  add(a / "current", stamped("09:30:02.000000000", "3"));
  rotate(a, kLabel + "000000002");
  add(a / "current", stamped("09:30:03.000000000", "4"));
  fs::remove(a / ("@" + kLabel + "000000001.s"));
  const auto rest = read(lines.cursor);
  EXPECT_EQ(texts(rest), (Texts{"3", "4"}));
  EXPECT_TRUE(rest.lines[0].after_gap) << "said, not passed over";
  EXPECT_FALSE(rest.lines[1].after_gap);
  EXPECT_FALSE(read().lines[0].after_gap) << "who begins anew misses nothing";
  // Also where the line after the gap is none that was asked for.
  const auto four = read_lines(folder.path, std::nullopt, lines.cursor, 10, [](auto text) { return text == "4"; });
  ASSERT_EQ(texts(*four), (Texts{"4"}));
  EXPECT_TRUE(four->lines[0].after_gap);
}

TEST_F(RuntimeTest, an_inode_used_again_is_another_file) {
  const auto a = logger("a");
  add(a / "current", stamped("09:30:00.000000000", "1") + stamped("09:30:01.000000000", "2"));
  const auto lines = read("", 1);
  // The same inode for certain: the file is written over.
  std::ofstream(a / "current", std::ios::trunc)
      << stamped("10:00:00.000000000", "x") << stamped("10:00:01.000000000", "y");
  EXPECT_EQ(texts(read(lines.cursor)), (Texts{"x", "y"}));
}

TEST_F(RuntimeTest, begins_at_a_time) {
  const auto a = logger("a");
  add(a / "current", stamped("09:30:00.000000000", "1") + stamped("09:30:01.000000000", "2"));
  rotate(a, kLabel + "000000001");
  add(a / "current", stamped("09:30:02.000000000", "3") + stamped("09:30:03.000000000", "4"));
  EXPECT_EQ(texts(*read_lines(folder.path, at("09:30:01.000"), "")), (Texts{"2", "3", "4"}));
  EXPECT_EQ(texts(*read_lines(folder.path, at("09:30:02.500"), "")), (Texts{"4"}));
  const auto none = read_lines(folder.path, at("23:00:00.000"), "");
  EXPECT_TRUE(none->lines.empty());
  add(a / "current", stamped("23:30:00.000000000", "5"));
  EXPECT_EQ(texts(read(none->cursor)), (Texts{"5"}));
}

TEST_F(RuntimeTest, gives_the_last_lines_and_follows_them) {
  const auto a = logger("a");
  for (int i = 0; i < 5; ++i) {
    add(a / "current", stamped(fmt::format("09:30:{:02}.000000000", i), std::to_string(i)));
    if (i < 4) rotate(a, kLabel + fmt::format("{:09}", i));
  }
  add(logger("b") / "current", stamped("09:30:03.500000000", "b"));
  const auto last = last_lines(folder.path, 3);
  ASSERT_TRUE(last);
  EXPECT_EQ(texts(*last), (Texts{"3", "b", "4"}));
  EXPECT_TRUE(read(last->cursor).lines.empty());
  add(a / "current", stamped("09:31:00.000000000", "next"));
  EXPECT_EQ(texts(read(last->cursor)), (Texts{"next"}));
  EXPECT_EQ(texts(*last_lines(folder.path, 2, [](std::string_view text) { return text < "3"; })), (Texts{"1", "2"}));
}

TEST_F(RuntimeTest, reads_one_logger_and_keeps_what_is_asked_for) {
  add(folder.path / "current", stamped("09:30:00.000000000", "shop/dev GET /") +
                                   stamped("09:30:01.000000000", "shop/prod GET /") +
                                   stamped("09:30:02.000000000", "shop/dev GET /x"));
  const auto dev = [](std::string_view text) { return text.starts_with("shop/dev "); };
  auto lines = read_logger(folder.path, std::nullopt, "", 1, dev);
  ASSERT_TRUE(lines);
  EXPECT_EQ(texts(*lines), (Texts{"shop/dev GET /"}));
  EXPECT_EQ(lines->lines[0].instance, "");
  lines = read_logger(folder.path, std::nullopt, lines->cursor, 10, dev);
  EXPECT_EQ(texts(*lines), (Texts{"shop/dev GET /x"}));
  EXPECT_FALSE(changed_since(folder.path, lines->cursor));
  add(folder.path / "current", stamped("09:30:03.000000000", "shop/prod GET /y"));
  EXPECT_TRUE(changed_since(folder.path, lines->cursor));
  lines = read_logger(folder.path, std::nullopt, lines->cursor, 10, dev);
  EXPECT_TRUE(lines->lines.empty());
  EXPECT_FALSE(changed_since(folder.path, lines->cursor));
  EXPECT_EQ(texts(*last_logger_lines(folder.path, 1, dev)), (Texts{"shop/dev GET /x"}));
}

TEST_F(RuntimeTest, refuses_a_cursor_that_it_did_not_give) {
  add(logger("a") / "current", stamped("09:30:00.000000000", "1"));
  for (const std::string cursor :
       {"x", "2", "1~a", "1~a_b_c", "1~a_zz_1_2", "1~a_1_1_x", "1~a_1_1_", "1~_1", "1~a:1:1:1"}) {
    const auto lines = read_lines(folder.path, std::nullopt, cursor);
    ASSERT_FALSE(lines) << cursor;
    EXPECT_EQ(lines.error().kind, ErrorKind::invalid);
  }
  EXPECT_TRUE(read_lines(folder.path, std::nullopt, "1"));
}

TEST_F(RuntimeTest, a_line_of_any_length_ends) {
  add(logger("a") / "current",
      stamped("09:30:00.000000000", std::string(3u << 20, 'x')) + stamped("09:30:01.000000000", "end"));
  std::size_t size = 0;
  std::string last, cursor;
  for (bool more = true; more;) {
    const auto lines = read(cursor);
    for (const auto& line : lines.lines) size += (last = line.text).size();
    EXPECT_LE(lines.lines.size(), 2u) << "a piece is ended by its size, too";
    cursor = lines.cursor;
    more = lines.more;
  }
  EXPECT_EQ(last, "end");
  EXPECT_EQ(size, (3u << 20) + 3);
}

// A real s6-log that puts away a file every few dozen lines, while the cursor follows it.
TEST_F(RuntimeTest, follows_a_real_logger_through_its_rotations) {
  if (!program_exists("s6-log")) GTEST_SKIP() << "s6-log is not installed";
  constexpr int kLines = 3000;
  ProcessCommand command;
  command.argv = {"s6-log", "-b", "n1000", "s4096", "T", logger("7.d.0").string()};
  command.env = std::map<std::string, std::string>{{"TZ", "UTC"}, {"PATH", ::getenv("PATH")}};
  auto child = Child::start(command);
  ASSERT_TRUE(child) << child.error().message;
  std::string cursor;
  std::vector<std::string> got;
  const auto follow = [&] {
    if (!changed_since(folder.path, cursor)) return;
    const auto lines = read(cursor, 37);
    for (const auto& line : lines.lines) got.push_back(line.text);
    cursor = lines.cursor;
  };
  const auto begun = SystemClock().now();
  for (int i = 0; i < kLines; ++i) {
    ASSERT_TRUE(child->write("line number " + std::to_string(i) + " of the app\n"));
    if (i % 10 == 0) follow();
  }
  child->close_input();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (got.size() < kLines && std::chrono::steady_clock::now() < until) follow();
  EXPECT_EQ(child->wait(), 0);
  ASSERT_EQ(got.size(), static_cast<std::size_t>(kLines));
  for (int i = 0; i < kLines; ++i)
    ASSERT_EQ(got[static_cast<std::size_t>(i)], "line number " + std::to_string(i) + " of the app");
  EXPECT_FALSE(changed_since(folder.path, cursor));
  EXPECT_GT(logger_files(logger("7.d.0")).size(), 10u) << "nothing was put away: the test tests nothing";
  const auto all = read("", 1);
  ASSERT_EQ(all.lines.size(), 1u);
  EXPECT_GE(all.lines[0].at, begun - Duration(1000));
  EXPECT_LE(all.lines[0].at, SystemClock().now());
  EXPECT_EQ(texts(*last_lines(folder.path, 2)), (Texts{got[kLines - 2], got[kLines - 1]}));
  // Files put away before the time asked for are left out, those after are not.
  EXPECT_EQ(read_lines(folder.path, begun, "", 1'000'000)->lines.size(), static_cast<std::size_t>(kLines));
  EXPECT_TRUE(read_lines(folder.path, SystemClock().now() + std::chrono::hours(1), "", 10)->lines.empty());
}

}  // namespace
}  // namespace sluice::logs
