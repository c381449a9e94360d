#include "metrics/tail.h"

#include <gtest/gtest.h>

#include "metrics/test_world.h"

namespace sluice::metrics {
namespace {

class TailTest : public testing::Test {
 protected:
  std::string read() {
    std::string out;
    tail_->read([&](std::string_view line) { out += std::string(line) + "|"; });
    return out;
  }
  void restart() { tail_ = std::make_unique<Tail>(folder_.path / "log", tail_->place()); }

  TestFolder folder_;
  TestLog log_{folder_.path / "log"};
  std::unique_ptr<Tail> tail_ = std::make_unique<Tail>(folder_.path / "log", Tail::Place{});
};

TEST_F(TailTest, gives_whole_lines_once) {
  EXPECT_EQ(read(), "");
  log_.write("one\ntw");
  EXPECT_EQ(read(), "one|");
  log_.write("o\nthree\n");
  EXPECT_EQ(read(), "two|three|");
  EXPECT_EQ(read(), "");
}

TEST_F(TailTest, goes_on_over_files_that_are_put_away) {
  log_.write("one\n");
  EXPECT_EQ(read(), "one|");
  log_.write("two\n");
  log_.rotate();
  log_.write("three\n");
  log_.rotate();
  log_.write("four\n");
  EXPECT_EQ(read(), "two|three|four|");
}

TEST_F(TailTest, reads_an_open_file_to_its_end_also_when_it_was_removed) {
  log_.write("one\n");
  EXPECT_EQ(read(), "one|");
  log_.write("two\n");
  log_.rotate();
  log_.write("three\n");
  log_.rotate();
  log_.write("four\n");
  log_.remove_oldest();
  EXPECT_EQ(read(), "two|three|four|");
}

TEST_F(TailTest, goes_on_after_a_restart) {
  log_.write("one\ntwo\n");
  EXPECT_EQ(read(), "one|two|");
  restart();
  EXPECT_EQ(read(), "");
  log_.write("three\n");
  log_.rotate();
  log_.write("four\n");
  restart();
  EXPECT_EQ(read(), "three|four|");
}

TEST_F(TailTest, begins_with_the_oldest_where_its_file_is_gone) {
  log_.write("one\n");
  EXPECT_EQ(read(), "one|");
  log_.rotate();
  log_.write("two\n");
  log_.rotate();
  log_.write("three\n");
  log_.remove_oldest();
  restart();
  EXPECT_EQ(read(), "two|three|");
}

TEST_F(TailTest, a_file_with_the_same_number_that_begins_otherwise_is_another) {
  log_.write("one\n");
  EXPECT_EQ(read(), "one|");
  auto place = tail_->place();
  place.begins = "another";
  tail_ = std::make_unique<Tail>(folder_.path / "log", place);
  EXPECT_EQ(read(), "one|");
}

TEST_F(TailTest, lines_may_be_longer_than_what_is_read_at_once) {
  const std::string one(300'000, 'x'), other(700'000, 'y');
  log_.write(one + "\n" + other + "\nend\n");
  EXPECT_EQ(read(), one + "|" + other + "|end|");
}

TEST_F(TailTest, a_folder_that_is_not_there_has_no_lines_yet) {
  Tail tail(folder_.path / "later", {});
  int lines = 0;
  tail.read([&](std::string_view) { ++lines; });
  TestLog later(folder_.path / "later");
  later.write("one\n");
  tail.read([&](std::string_view) { ++lines; });
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace sluice::metrics
