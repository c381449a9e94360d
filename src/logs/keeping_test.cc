#include "logs/keeping.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "base/files.h"
#include "logs/test_folder.h"

namespace sluice::logs {
namespace {
namespace fs = std::filesystem;
using std::chrono::hours;

const Time kNow = *from_rfc3339("2026-03-01T00:00:00.000Z");
constexpr hours kDay(24);

struct KeepingTest : ::testing::Test {
  void add(const std::string& path, Duration ago, std::size_t size = 10) {
    const auto file = folder.path / path;
    ASSERT_TRUE(make_dirs(file.parent_path()));
    std::ofstream(file) << std::string(size, 'x');
    const auto at = std::chrono::duration_cast<std::chrono::seconds>((kNow - ago).time_since_epoch()).count();
    const timespec times[2] = {{at, 0}, {at, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  [[nodiscard]] std::set<std::string> left() const {
    std::set<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path))
      if (entry.is_regular_file()) out.insert(fs::relative(entry.path(), folder.path).string());
    return out;
  }
  TestFolder folder;
};
using Left = std::set<std::string>;

TEST_F(KeepingTest, lines_go_by_age_but_never_what_a_logger_writes_to) {
  add("@1.s", 31 * kDay);
  add("@2.u", 31 * kDay);
  add("@3.s", 29 * kDay);
  add("current", 40 * kDay);
  add("state", 40 * kDay);
  clean_logger(folder.path, kNow);
  EXPECT_EQ(left(), (Left{"@3.s", "current", "state"}));
  clean_logger(folder.path / "none", kNow);
}

TEST_F(KeepingTest, instances_that_are_gone_are_kept_by_size_number_and_age) {
  add("1.1.0/current", 40 * kDay);
  add("2.2.0/@1.s", 31 * kDay);
  add("2.2.0/current", 2 * kDay, 60);
  add("3.3.0/current", 1 * kDay, 60);
  add("4.4.0/@1.s", 31 * kDay);
  add("4.4.0/current", 40 * kDay, 500);
  const auto lives = [](const std::string& name) { return name == "4.4.0"; };
  clean_runtime(folder.path, lives, kNow);
  EXPECT_EQ(left(), (Left{"2.2.0/current", "3.3.0/current", "4.4.0/current"}));
  Keeping small;
  small.gone_bytes = 100;
  clean_runtime(folder.path, lives, kNow, small);
  EXPECT_EQ(left(), (Left{"3.3.0/current", "4.4.0/current"})) << "the newest stays, and what lives counts for nothing";
  small.gone_instances = 0;
  clean_runtime(folder.path, lives, kNow, small);
  EXPECT_EQ(left(), (Left{"4.4.0/current"}));
  clean_runtime(folder.path / "none", lives, kNow);
}

TEST_F(KeepingTest, builds_and_releases_stay_for_a_while_and_the_newest_for_good) {
  for (const int i : {1, 2, 3, 4}) add("stk_a/stg_a/dep_" + std::to_string(i) + "/01-building.log", (100 - i) * kDay);
  add("stk_a/stg_a/dep_5/01-building.log.zst", 89 * kDay);
  add("stk_a/stg_a/runtime/1.1.0/current", 500 * kDay);
  add("stk_a/stg_b/dep_6/01-building.log", 500 * kDay);
  Keeping keeping;
  keeping.deployments = 2;
  clean_deployments(folder.path, kNow, keeping);
  EXPECT_EQ(left(), (Left{"stk_a/stg_a/dep_4/01-building.log", "stk_a/stg_a/dep_5/01-building.log.zst",
                          "stk_a/stg_a/runtime/1.1.0/current", "stk_a/stg_b/dep_6/01-building.log"}));
  clean_deployments(folder.path, kNow);
  EXPECT_EQ(left().size(), 4u);
}

}  // namespace
}  // namespace sluice::logs
