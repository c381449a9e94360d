#include "build/disk_watch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "base/files.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return condition();
}

class DiskWatchTest : public testing::Test {
 protected:
  struct Running {
    Running(DiskWatchTest& test, const std::string& name, const std::string& name_of_cache)
        : own(test.folder(name)), cache(test.folder(name_of_cache)) {
      watched.emplace(*test.watch_, own, cache);
      watched->runs(end);
    }
    fs::path own, cache;
    std::stop_source end;
    std::optional<DiskWatch::Build> watched;
  };

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-watch-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
    watch_.emplace([this] {
      ++looks_;
      return missing_.load();
    });
  }
  void TearDown() override {
    watch_.reset();
    EXPECT_TRUE(remove_tree(dir_));
  }
  fs::path folder(const std::string& name) {
    fs::create_directories(dir_ / name);
    return dir_ / name;
  }
  static void write(const fs::path& file, std::size_t kilobytes) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << std::string(kilobytes << 10, 'x');
  }
  // What begins now begins after the file was changed, by the clock of the files, which is the kernel's last tick.
  static void let_time_pass(const fs::path& file) {
    struct stat info {};
    ASSERT_EQ(::lstat(file.c_str(), &info), 0);
    ASSERT_TRUE(eventually([&] {
      timespec now{};
      ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
      return std::pair(now.tv_sec, now.tv_nsec) > std::pair(info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
    }));
  }
  // The watch has looked a few times since.
  void let_it_look() {
    const int now = looks_;
    EXPECT_TRUE(eventually([&] { return looks_ > now + 3; }));
  }

  fs::path dir_;
  std::atomic<std::int64_t> missing_ = 0;
  std::atomic<int> looks_ = 0;
  std::optional<DiskWatch> watch_;
};

TEST_F(DiskWatchTest, ends_the_build_that_wrote_most_and_it_alone) {
  write(folder("cache-b") / "old", 4000);
  let_time_pass(dir_ / "cache-b/old");
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b"), c(*this, "c", "cache-c");
  write(a.own / "tree/small", 100);
  write(b.own / "tree/small", 100);
  write(c.own / "tree/large", 500);
  write(c.cache / "more", 500);
  let_it_look();
  EXPECT_FALSE(c.end.stop_requested()) << "there is room";
  EXPECT_FALSE(c.watched->share());
  missing_ = 300 << 10;
  EXPECT_TRUE(eventually([&] { return c.end.stop_requested(); }));
  const auto share = c.watched->share();
  ASSERT_TRUE(share);
  EXPECT_TRUE(share->was_ended && share->explains() && !share->is_cache_shared);
  EXPECT_GE(share->own, 500 << 10);
  EXPECT_GE(share->cache, 500 << 10);
  EXPECT_LT(share->all(), 1500 << 10);
  let_it_look();
  EXPECT_FALSE(a.end.stop_requested() || b.end.stop_requested()) << "while it and its files go";
  missing_ = 0;
  c.watched.reset();
  let_it_look();
  EXPECT_FALSE(a.end.stop_requested() || b.end.stop_requested()) << "there is room again";
}

TEST_F(DiskWatchTest, looks_again_when_the_one_it_ended_is_gone) {
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  write(a.own / "file", 100);
  write(b.own / "file", 200);
  missing_ = 50 << 10;
  EXPECT_TRUE(eventually([&] { return b.end.stop_requested(); }));
  b.watched.reset();
  EXPECT_TRUE(eventually([&] { return a.end.stop_requested(); }));
}

TEST_F(DiskWatchTest, does_not_say_that_a_build_filled_what_something_else_did) {
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  write(a.own / "file", 100);
  write(b.own / "file", 50);
  missing_ = 900 << 10;
  EXPECT_TRUE(eventually([&] { return a.end.stop_requested(); }));
  ASSERT_TRUE(a.watched->share());
  EXPECT_TRUE(a.watched->share()->was_ended);
  EXPECT_FALSE(a.watched->share()->explains());
  missing_ = 10 << 10;
  ASSERT_TRUE(b.watched->share());
  EXPECT_FALSE(b.watched->share()->explains()) << "it wrote enough, but another wrote more";
  EXPECT_FALSE(b.watched->share()->was_ended);
}

TEST_F(DiskWatchTest, counts_what_a_build_locked_up_and_what_has_many_names_once) {
  if (geteuid() == 0) GTEST_LOG_(INFO) << "root enters every folder";
  Running a(*this, "a", "cache-a");
  write(a.own / "shut/in/file", 300);
  fs::create_hard_link(a.own / "shut/in/file", a.own / "again");
  fs::create_symlink("/usr", a.own / "usr");
  ASSERT_EQ(::chmod((a.own / "shut/in").c_str(), 0), 0);
  ASSERT_EQ(::chmod((a.own / "shut").c_str(), 0), 0);
  missing_ = 1;
  EXPECT_TRUE(eventually([&] { return a.end.stop_requested(); }));
  EXPECT_GE(a.watched->share()->own, 300 << 10);
  EXPECT_LT(a.watched->share()->own, 400 << 10);
}

TEST_F(DiskWatchTest, counts_what_a_build_wrote_with_the_clock_set_back) {
  write(folder("a") / "file", 300);  // with a time before it began
  write(folder("cache-a") / "old", 300);
  let_time_pass(dir_ / "cache-a/old");
  Running a(*this, "a", "cache-a");
  missing_ = 1;
  EXPECT_TRUE(eventually([&] { return a.end.stop_requested(); }));
  EXPECT_GE(a.watched->share()->own, 300 << 10);
  EXPECT_EQ(a.watched->share()->cache, 0);
}

TEST_F(DiskWatchTest, one_that_has_ended_by_itself_is_waited_for) {
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  write(a.own / "file", 100);
  a.watched->ran();
  missing_ = 1;
  let_it_look();
  EXPECT_FALSE(a.end.stop_requested() || b.end.stop_requested());
  a.watched.reset();
  EXPECT_TRUE(eventually([&] { return b.end.stop_requested(); })) << "there is no room without it either";
}

TEST_F(DiskWatchTest, one_that_met_the_end_of_the_disk_itself_is_waited_for_while_its_files_go) {
  std::atomic<bool> is_seen = false;  // by the watch
  watch_.emplace([&, build = std::this_thread::get_id()] {
    ++looks_;
    return is_seen || std::this_thread::get_id() == build ? missing_.load() : 0;
  });
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  write(a.own / "file", 200);
  write(b.own / "file", 100);
  missing_ = 50 << 10;
  a.watched->ran();
  ASSERT_TRUE(a.watched->share());
  EXPECT_TRUE(a.watched->share()->explains());
  fs::remove_all(a.own);
  is_seen = true;
  let_it_look();
  EXPECT_FALSE(b.end.stop_requested());
  b.watched->ran();  // it met it, too
  ASSERT_TRUE(b.watched->share());
  EXPECT_FALSE(b.watched->share()->explains()) << "the other wrote more, though it is gone";
}

TEST_F(DiskWatchTest, one_that_ends_by_itself_while_it_is_measured_is_waited_for) {
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  for (int i = 0; i < 1000; ++i) write(a.own / std::to_string(i), 4);
  missing_ = 1;
  const int now = looks_;
  while (looks_ == now) std::this_thread::yield();
  a.watched->ran();
  let_it_look();
  EXPECT_FALSE(b.end.stop_requested());
}

TEST_F(DiskWatchTest, nobody_else_is_ended_while_a_cache_is_emptied) {
  std::atomic<bool> is_full = false;
  watch_.emplace([&] {
    ++looks_;
    return is_full && (fs::exists(dir_ / "a") || fs::exists(dir_ / "cache-a")) ? 1 : 0;
  });
  Running a(*this, "a", "cache-a"), b(*this, "b", "cache-b");
  for (int i = 0; i < 5'000; ++i) write(a.cache / std::to_string(i), 1);
  is_full = true;
  EXPECT_TRUE(eventually([&] { return a.end.stop_requested(); }));
  a.watched->ran();
  a.watched->empty_cache();
  EXPECT_TRUE(remove_tree(a.own));
  a.watched.reset();
  EXPECT_FALSE(fs::exists(dir_ / "a") || fs::exists(dir_ / "cache-a"));
  let_it_look();
  EXPECT_FALSE(b.end.stop_requested());
}

TEST_F(DiskWatchTest, a_cache_that_cannot_be_moved_away_goes_all_the_same) {
  Running a(*this, "a", "cache-a");
  write(a.own / "stays", 1);
  write(a.cache / "file", 1);
  a.watched->empty_cache();
  a.watched.reset();
  EXPECT_FALSE(fs::exists(dir_ / "cache-a"));
  EXPECT_TRUE(fs::exists(dir_ / "a/stays"));
}

TEST_F(DiskWatchTest, a_cache_goes_when_the_last_build_that_uses_it_does) {
  std::optional<Running> a(std::in_place, *this, "a", "cache"), b(std::in_place, *this, "b", "cache");
  Running other(*this, "other", "cache-of-another");
  write(a->cache / "file", 10);
  write(other.cache / "file", 10);
  missing_ = 1;
  EXPECT_TRUE(eventually([&] { return a->end.stop_requested() || b->end.stop_requested(); }));
  EXPECT_TRUE(a->watched->share()->is_cache_shared);
  missing_ = 0;
  a->watched->empty_cache();
  fs::remove_all(a->own);
  a.reset();
  EXPECT_TRUE(fs::exists(dir_ / "cache/file")) << "it is in use";
  EXPECT_TRUE(watch_->empty(dir_ / "cache"));
  EXPECT_TRUE(fs::exists(dir_ / "cache/file"));
  fs::remove_all(b->own);
  b.reset();
  EXPECT_FALSE(fs::exists(dir_ / "cache"));
  EXPECT_FALSE(fs::exists(dir_ / "b")) << "where it was put to be removed";
  EXPECT_TRUE(fs::exists(other.cache / "file"));
  write(dir_ / "cache/file", 10);
  EXPECT_TRUE(watch_->empty(dir_ / "cache"));
  EXPECT_FALSE(fs::exists(dir_ / "cache"));
}

}  // namespace
}  // namespace sluice::build
