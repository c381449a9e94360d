#include "logs/logs.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "logs/test_folder.h"

namespace sluice::logs {
namespace {

class FixedClock final : public Clock {
 public:
  Time now() const override { return at; }
  Time at = *from_rfc3339("2026-01-31T09:30:00.000Z");
};

const LogName kBuild{"stk_1", "stg_1", "dep_1", "building"};
const std::string kAt = "2026-01-31T09:30:00.000Z ";

struct LogsTest : ::testing::Test {
  std::unique_ptr<Writer> open(const LogName& name = kBuild, std::vector<std::string> masks = {}) {
    auto writer = logs.append(name, std::move(masks));
    EXPECT_TRUE(writer) << writer.error().message;
    return std::move(*writer);
  }
  std::string all(const LogName& name = kBuild) { return logs.read(name, 0, 64u << 20).value().text; }

  TestFolder folder;
  FixedClock clock;
  Logs logs{folder.path / "logs", 256u << 20, &clock};
};

TEST_F(LogsTest, leads_each_line_by_its_time) {
  const auto writer = open();
  writer->line("one");
  clock.at += Duration(1500);
  writer->write("two\nthree\n\n");
  EXPECT_EQ(all(),
            kAt + "one\n2026-01-31T09:30:01.500Z two\n2026-01-31T09:30:01.500Z three\n2026-01-31T09:30:01.500Z \n");
}

TEST_F(LogsTest, joins_a_line_that_comes_in_pieces) {
  const auto writer = open();
  writer->write("com");
  writer->write("pil");
  EXPECT_EQ(all(), "") << "half a line is not given while more may come at once";
  writer->write("ing\n");
  EXPECT_EQ(all(), kAt + "compiling\n");
}

TEST_F(LogsTest, says_that_there_is_no_log_yet) {
  const auto chunk = logs.read(kBuild, 0);
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(logs.changed_since(kBuild, 0));
  EXPECT_TRUE(logs.tail(kBuild, 20).empty());
  EXPECT_TRUE(logs.steps("stk_1", "stg_1", "dep_1").empty());
}

TEST_F(LogsTest, refuses_a_name_that_is_a_path) {
  EXPECT_EQ(logs.append({"..", "s", "d", "building"}, {}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(logs.append({"a", "b", "c", "../x"}, {}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(logs.read({"a/b", "s", "d", "building"}, 0).error().kind, ErrorKind::invalid);
}

TEST_F(LogsTest, reads_on_from_any_offset_live_and_finished) {
  const auto writer = open();
  writer->line("one");
  const auto first = logs.read(kBuild, 0).value();
  EXPECT_FALSE(first.finished);
  EXPECT_FALSE(logs.changed_since(kBuild, first.next));
  writer->line("two");
  EXPECT_TRUE(logs.changed_since(kBuild, first.next));
  const auto second = logs.read(kBuild, first.next).value();
  EXPECT_EQ(second.text, kAt + "two\n");
  EXPECT_FALSE(second.finished);
  writer->write("no end");
  writer->finish();
  EXPECT_TRUE(logs.changed_since(kBuild, second.next));
  const auto third = logs.read(kBuild, second.next).value();
  EXPECT_EQ(third.text, kAt + "no end\n");
  EXPECT_TRUE(third.finished);
  EXPECT_EQ(logs.read(kBuild, first.next).value().text, second.text + third.text);
  EXPECT_EQ(logs.read(kBuild, 1'000'000).value().text, "");
}

TEST_F(LogsTest, compresses_what_is_longer_than_a_block) {
  const auto text = folder.path / "logs/stk_1/stg_1/dep_1/01-building.log";
  const auto packed = folder.path / "logs/stk_1/stg_1/dep_1/01-building.log.zst";
  open()->finish();
  EXPECT_TRUE(std::filesystem::exists(text));
  const auto writer = open();
  writer->line(std::string(5000, 'x'));
  writer->finish();
  EXPECT_FALSE(std::filesystem::exists(text));
  EXPECT_TRUE(std::filesystem::exists(packed));
  EXPECT_EQ(logs.read(kBuild, 0).value().text, kAt + std::string(5000, 'x') + "\n");
}

TEST_F(LogsTest, is_finished_also_where_it_cannot_be_compressed) {
  const auto writer = open();
  writer->line(std::string(5000, 'x'));
  // A folder in the way of the compressed file, as a full disk would be.
  std::filesystem::create_directory(folder.path / "logs/stk_1/stg_1/dep_1/01-building.log.zst.tmp");
  writer->finish();
  const auto chunk = logs.read(kBuild, 0).value();
  EXPECT_EQ(chunk.text, kAt + std::string(5000, 'x') + "\n");
  EXPECT_TRUE(chunk.finished);
  open()->line("two");
  EXPECT_FALSE(logs.read(kBuild, 0).value().finished);
}

TEST_F(LogsTest, gives_chunks_of_whole_lines) {
  const auto writer = open();
  for (int i = 0; i < 100; ++i) writer->line("line " + std::to_string(i));
  std::string text;
  Chunk chunk;
  do {
    chunk = logs.read(kBuild, chunk.next, 200).value();
    EXPECT_LE(chunk.text.size(), 200u);
    EXPECT_TRUE(chunk.text.empty() || chunk.text.back() == '\n');
    text += chunk.text;
  } while (!chunk.text.empty());
  EXPECT_EQ(text, all());
}

TEST_F(LogsTest, cuts_a_line_longer_than_a_chunk_between_characters) {
  const auto writer = open();
  std::string line;
  for (int i = 0; i < 200; ++i) line += "\u20ac";
  writer->line(line);
  std::string text;
  for (std::uint64_t after = 0;;) {
    const auto chunk = logs.read(kBuild, after, 50).value();
    if (chunk.text.empty()) break;
    EXPECT_NE(static_cast<unsigned char>(chunk.text[0]) & 0xc0u, 0x80u);
    text += chunk.text;
    after = chunk.next;
  }
  EXPECT_EQ(text, kAt + line + "\n");
}

TEST_F(LogsTest, masks_secrets_also_over_several_writes) {
  const auto writer = open(kBuild, {"hunter22", "abc"});
  writer->write("login hun");
  writer->write("ter22 abc\nhunter");
  writer->finish();
  EXPECT_EQ(all(), kAt + "login *** abc\n" + kAt + "hunter\n");
}

TEST_F(LogsTest, masks_a_secret_of_several_lines) {
  const auto writer = open(kBuild, {"first-line\nsecond-line"});
  writer->write("x first-line\nsec");
  writer->write("ond-line y\n");
  EXPECT_EQ(all(), kAt + "x *** y\n");
}

TEST_F(LogsTest, goes_on_at_the_end_after_a_restart) {
  open()->write("one\nhalf");
  const auto again = open();
  again->line("two");
  EXPECT_EQ(all(), kAt + "one\n" + kAt + "half\n" + kAt + "two\n");
}

TEST_F(LogsTest, takes_up_again_what_was_finished) {
  const auto writer = open();
  writer->line("one");
  writer->finish();
  writer->line("dropped");
  const auto again = open();
  again->line("two");
  const auto chunk = logs.read(kBuild, 0).value();
  EXPECT_EQ(chunk.text, kAt + "one\n" + kAt + "two\n");
  EXPECT_FALSE(chunk.finished);
  again->finish();
  EXPECT_TRUE(logs.read(kBuild, 0).value().finished);
  EXPECT_EQ(logs.steps("stk_1", "stg_1", "dep_1").size(), 1u);
}

TEST_F(LogsTest, keeps_the_steps_in_the_order_they_were_begun) {
  for (const char* step : {"building", "releasing", "starting"}) open({"stk_1", "stg_1", "dep_1", step})->line(step);
  open({"stk_1", "stg_1", "dep_1", "building"})->finish();
  EXPECT_EQ(logs.steps("stk_1", "stg_1", "dep_1"), (std::vector<std::string>{"building", "releasing", "starting"}));
}

TEST_F(LogsTest, gives_the_last_lines_without_their_times) {
  const auto writer = open();
  for (int i = 0; i < 5000; ++i) writer->line("line " + std::to_string(i));
  const std::vector<std::string> expected{"line 4997", "line 4998", "line 4999"};
  EXPECT_EQ(logs.tail(kBuild, 3), expected);
  writer->finish();
  EXPECT_EQ(logs.tail(kBuild, 3), expected);
  EXPECT_EQ(logs.tail(kBuild, 4000).size(), 4000u);
  EXPECT_EQ(logs.tail(kBuild, 4000).front(), "line 1000");
  EXPECT_EQ(logs.tail(kBuild, 100'000).size(), 5000u);
}

TEST_F(LogsTest, cuts_at_the_limit_and_says_so_once) {
  Logs small(folder.path / "small", 1000, &clock);
  {
    const auto writer = small.append(kBuild, {}).value();
    for (int i = 0; i < 100; ++i) writer->line("line " + std::to_string(i));
  }
  const auto again = small.append(kBuild, {}).value();
  again->line("more");
  again->finish();
  const auto text = small.read(kBuild, 0).value().text;
  EXPECT_LT(text.size(), 1300u);
  const auto word = text.find("the rest was cut");
  ASSERT_NE(word, std::string::npos);
  EXPECT_EQ(text.find("the rest was cut", word + 1), std::string::npos);
  EXPECT_TRUE(text.ends_with(kAt + "--- its last lines: ---\n" + kAt + "more\n")) << text;
}

TEST_F(LogsTest, keeps_the_last_words_of_what_it_cuts) {
  Logs small(folder.path / "small", 1000, &clock);
  const auto writer = small.append(kBuild, {"secret-value"}).value();
  for (int i = 0; i < 10'000; ++i) writer->line("line " + std::to_string(i));
  writer->line("why it failed: secret-value");
  writer->finish();
  std::string text;
  for (std::uint64_t at = 0;;) {
    const auto chunk = small.read(kBuild, at).value();
    text += chunk.text;
    if (chunk.text.empty()) break;
    at = chunk.next;
  }
  EXPECT_TRUE(text.ends_with(kAt + "line 9999\n" + kAt + "why it failed: ***\n")) << text.substr(text.size() - 200);
  EXPECT_LT(text.size(), 1000u + 200 + 16384u * 4);  // each line with its time
  // Whole lines only.
  EXPECT_TRUE(text.find("--- its last lines: ---\n" + kAt + "line ") != std::string::npos);
}

TEST_F(LogsTest, cuts_one_line_that_passes_the_limit) {
  Logs small(folder.path / "small", 1000, &clock);
  const auto writer = small.append(kBuild, {}).value();
  writer->write(std::string(600, 'x'));
  writer->write(std::string(600, 'x'));
  writer->write("\nmore\n");
  const auto text = small.read(kBuild, 0).value().text;
  EXPECT_EQ(text,
            kAt + std::string(600, 'x') + "\n" + kAt + "--- this log has reached its limit: the rest was cut ---\n");
}

TEST_F(LogsTest, takes_lines_from_many_threads) {
  const auto writer = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&writer, t] {
      for (int i = 0; i < 500; ++i) writer->line(std::to_string(t) + ":" + std::to_string(i));
    });
  for (auto& thread : threads) thread.join();
  std::istringstream lines(all());
  std::array<int, 4> next{};
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, kAt.size());
    const auto t = static_cast<std::size_t>(line[0] - '0');
    EXPECT_EQ(line.substr(2), std::to_string(next.at(t)++));
  }
  EXPECT_EQ(next, (std::array<int, 4>{500, 500, 500, 500}));
}

TEST_F(LogsTest, loses_no_line_to_a_reader_while_it_is_finished) {
  const auto writer = open();
  std::atomic<bool> failed = false;
  std::string text;
  std::thread reader([&] {
    Chunk chunk;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!chunk.finished && std::chrono::steady_clock::now() < until) {
      auto read = logs.read(kBuild, chunk.next, 64u << 10);
      if (!read) {
        failed = true;
        break;
      }
      chunk = std::move(*read);
      text += chunk.text;
    }
  });
  for (int i = 0; i < 50'000; ++i) writer->line("line " + std::to_string(i));
  writer->finish();
  reader.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(text, all());
}

TEST_F(LogsTest, survives_the_death_of_the_writer) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto writer = logs.append(kBuild, {"secret-value"});
    if (writer) (*writer)->write("one\ntwo is sec");
    [[maybe_unused]] const auto told = ::write(pipe_ends[1], "x", 1);
    ::pause();
  }
  char told = 0;
  ASSERT_EQ(::read(pipe_ends[0], &told, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  open()->line("three");
  EXPECT_EQ(all(), kAt + "one\n" + kAt + "two is \n" + kAt + "three\n");
}

TEST_F(LogsTest, a_crash_between_compressing_and_removing_leaves_one_log) {
  const auto writer = open();
  writer->line(std::string(5000, 'x'));
  const auto live = folder.path / "logs/stk_1/stg_1/dep_1/01-building.log";
  std::filesystem::copy_file(live, folder.path / "copy");
  writer->finish();
  std::filesystem::copy_file(folder.path / "copy", live);
  EXPECT_TRUE(logs.read(kBuild, 0).value().finished);
  EXPECT_EQ(logs.steps("stk_1", "stg_1", "dep_1").size(), 1u);
  open()->line("two");
  EXPECT_EQ(all(), kAt + std::string(5000, 'x') + "\n" + kAt + "two\n");
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  return 0;
}

TEST_F(LogsTest, a_large_log_takes_no_memory) {
  const auto writer = open(kBuild, {"some-secret-value"});
  const std::string piece = [] {
    std::string out;
    while (out.size() < (1u << 20)) out += "a line of a long build, number " + std::to_string(out.size()) + "\n";
    return out;
  }();
  writer->write(piece);
  const auto before = resident_kib();
  long most = before;
  for (int i = 0; i < 120; ++i) {
    writer->write(piece);
    most = std::max(most, resident_kib());
  }
  writer->finish();
  most = std::max(most, resident_kib());
  // The end is as quickly found as the beginning.
  Chunk chunk = logs.read(kBuild, 150u << 20).value();
  const auto last = logs.read(kBuild, (150u << 20) - 1000).value();
  EXPECT_FALSE(last.text.empty());
  std::uint64_t size = 0;
  do {
    chunk = logs.read(kBuild, chunk.next, 1u << 20).value();
    size += chunk.text.size();
    most = std::max(most, resident_kib());
  } while (!chunk.finished);
  EXPECT_GT(size + (150u << 20), 200u << 20);
  if (kMemoryTells) {
    EXPECT_LT(most - before, 24 << 10) << "KiB more than before";
  }
}

}  // namespace
}  // namespace sluice::logs
