#include "cgroup/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"

namespace sluice::cgroup {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-cgroup-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(dir_)); }

  void put(const fs::path& path, const std::string& text) {
    fs::create_directories((dir_ / path).parent_path());
    std::ofstream(dir_ / path) << text;
  }

  fs::path dir_;
};

TEST_F(CgroupTest, mounts_of_both_versions_are_read) {
  put("mountinfo",
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /c/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /c/memory rw,relatime - cgroup cgroup rw,memory\n"
      "40 31 0:37 / /c/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /c/unified rw,relatime - cgroup2 cgroup2 rw\n");
  const auto mounts = Mounts::read(dir_ / "mountinfo");
  EXPECT_EQ(mounts.v1, (std::map<std::string, fs::path>{{"cpu", "/c/cpu,cpuacct"}, {"memory", "/c/memory"}}));
  EXPECT_EQ(mounts.v2, "/c/unified");
  put("own", "4:memory:/elsewhere\n0::/user.slice/run-1.scope\n");
  EXPECT_EQ(own_folder(mounts, dir_ / "own"), "/c/unified/user.slice/run-1.scope");
  put("own", "0::/../../up\n");
  EXPECT_EQ(own_folder(mounts, dir_ / "own"), "") << "outside of what this process can see";
}

TEST_F(CgroupTest, what_a_user_may_divide_is_the_topmost_folder_of_his_own) {
  if (geteuid() != 0) GTEST_SKIP() << "folders are given away, which only root may";
  const fs::path session = "user.slice/user-7.slice/user@7.service", scope = session / "app.slice/run-1.scope";
  for (fs::path at = scope; !at.empty(); at = at.parent_path()) {
    put(at / "cgroup.procs", "");
    put(at / "cgroup.subtree_control", "");
  }
  EXPECT_EQ(delegated(dir_, dir_ / scope, 7), "");
  for (fs::path at = scope; at != session.parent_path(); at = at.parent_path()) {
    for (const char* file : {".", "cgroup.procs", "cgroup.subtree_control"})
      ASSERT_EQ(::chown((dir_ / at / file).c_str(), 7, 7), 0);
  }
  EXPECT_EQ(delegated(dir_, dir_ / scope, 7), dir_ / session);
  EXPECT_EQ(delegated(dir_, dir_ / "user.slice", 7), "") << "a shell by ssh is in a scope of root's";
}

// Version 2 as files; the kernel's part of it cannot be had everywhere.
TEST_F(CgroupTest, version_2_has_all_in_one_folder) {
  Mounts mounts;
  mounts.v2 = dir_ / "unified";
  put("unified/cgroup.controllers", "cpuset cpu io memory pids\n");
  put("unified/cgroup.subtree_control", "cpu memory pids\n");
  fs::create_directory(dir_ / "data");
  EXPECT_THAT(Groups::open(dir_ / "data", mounts).error().message, HasSubstr("without the right to divide"));
  if (geteuid() != 0) return;
  fs::path subtree;
  for (const auto& entry : fs::directory_iterator(dir_ / "unified"))
    if (entry.is_directory()) subtree = entry.path();
  ASSERT_TRUE(subtree.filename().string().starts_with("sluice-"));
  put(subtree / "cgroup.subtree_control", "cpu memory pids\n");
  put(subtree / "memory.swap.max", "max\n");
  const auto groups = Groups::open(dir_ / "data", mounts);
  ASSERT_TRUE(groups) << groups.error().message;
  EXPECT_TRUE(groups->holds_memory() && groups->holds_cpu() && groups->holds_processes());
  EXPECT_EQ(groups->where(), subtree.string());
  const auto group = groups->group("app", {512 << 20, 1500, 100});
  ASSERT_EQ(group.folders.size(), 1U);
  EXPECT_EQ(group.folders[0].path, subtree / "app");
  EXPECT_EQ(group.folders[0].settings,
            (std::vector<std::pair<std::string, std::string>>{
                {"memory.max", "536870912"}, {"memory.swap.max", "0"}, {"cpu.max", "150000"}, {"pids.max", "100"}}));
  ASSERT_EQ(group.watches.size(), 2U);
  EXPECT_EQ(group.watches[0].sentence, "used more than its 512 MB of memory and was ended");
  put(subtree / "app/memory.events", "low 0\noom 3\noom_kill 2\n");
  put(subtree / "app/pids.events", "max 7\n");
  EXPECT_EQ(groups->seen("app").ended, 2);
  EXPECT_EQ(groups->seen("app").refused, 7);
  EXPECT_EQ(groups->seen("other").ended, 0);
  EXPECT_THAT(*read_file(dir_ / "data" / "cgroups"), HasSubstr(subtree.string()));
}

TEST_F(CgroupTest, a_machine_without_cgroups_is_told_from_one_that_gives_none) {
  EXPECT_EQ(Groups::open(dir_, {}).error().kind, ErrorKind::unavailable);
  EXPECT_THAT(Groups::open(dir_, {}).error().message, HasSubstr("has no cgroup controller for memory"));
}

// This machine's own.
TEST_F(CgroupTest, a_subtree_is_made_found_again_and_taken_away) {
  auto groups = Groups::open(dir_);
  if (!groups) GTEST_SKIP() << "limits are not tried here: " << groups.error().message;
  const auto group = groups->group("app", {64 << 20, 500, 50});
  for (const auto& folder : group.folders) fs::create_directory(folder.path);
  EXPECT_EQ(Groups::open(dir_)->where(), groups->where());
  EXPECT_TRUE(fs::exists(group.folders[0].path)) << "the next server finds what the last one made";
  take_away(dir_);
  EXPECT_FALSE(fs::exists(group.folders[0].path.parent_path()));
}

TEST_F(CgroupTest, another_user_makes_groups_in_what_root_gave_him) {
  const auto mounts = Mounts::read();
  if (geteuid() != 0 || !mounts.v1.contains("memory")) GTEST_SKIP() << "needs root, and cgroups of version 1";
  ASSERT_EQ(::chown(dir_.c_str(), 65534, 65534), 0);
  prepare(dir_, 65534, 65534);
  const int child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const auto groups = Groups::open(dir_);
    ::_exit(groups && groups->holds_memory() && fs::create_directory(groups->group("app", {}).folders[0].path) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  take_away(dir_);
  EXPECT_FALSE(fs::exists(Groups::open(dir_)->group("app", {}).folders[0].path));
  take_away(dir_);
}

TEST_F(CgroupTest, a_subtree_whose_data_directory_is_gone_goes_with_the_next_start) {
  if (geteuid() != 0) GTEST_SKIP() << "root's subtrees are meant";
  const auto gone = dir_ / "gone", here = dir_ / "here";
  fs::create_directory(gone);
  fs::create_directory(here);
  const auto groups = Groups::open(gone);
  if (!groups) GTEST_SKIP() << "limits are not tried here: " << groups.error().message;
  const auto subtree = groups->group("app", {}).folders[0].path.parent_path();
  prepare(here, 65534, 65534);
  EXPECT_TRUE(fs::exists(subtree)) << "another server's";
  ASSERT_TRUE(remove_tree(gone));
  prepare(here, 65534, 65534);
  EXPECT_FALSE(fs::exists(subtree));
  EXPECT_TRUE(fs::exists(Groups::open(here)->group("app", {}).folders[0].path.parent_path()));
  take_away(here);
}

}  // namespace
}  // namespace sluice::cgroup
