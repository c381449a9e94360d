#include "build/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/files.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr Most kMost{1 << 20, 1000};

class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-seal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(dir_)); }
  fs::path tree(const std::string& name) {
    fs::create_directories(dir_ / name);
    return dir_ / name;
  }
  fs::path dir_;
};

TEST_F(SealTest, the_digest_is_of_content_and_nothing_else) {
  const auto make = [&](const std::string& name, mode_t mask) {
    const mode_t before = umask(mask);
    const fs::path t = tree(name);
    fs::create_directory(t / "dir");
    std::ofstream(t / "dir/file") << "content";
    std::ofstream(t / "run") << "x";
    chmod((t / "run").c_str(), 0755);
    fs::create_symlink("dir/file", t / "link");
    umask(before);
    return t;
  };
  const auto first = seal(make("a", 022), kMost, {});
  const auto second = seal(make("b", 077), kMost, {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->digest, second->digest);
  EXPECT_EQ(first->entries, 4);
  EXPECT_EQ(first->bytes, 8);
  std::vector<std::string> digests = {first->digest};
  const std::vector<std::function<void(const fs::path&)>> changes = {
      [](const fs::path& t) { std::ofstream(t / "dir/file") << "contenu"; },
      [](const fs::path& t) { fs::rename(t / "dir/file", t / "dir/fil"); },
      [](const fs::path& t) { fs::permissions(t / "run", fs::perms(0644)); },
      [](const fs::path& t) {
        fs::remove(t / "link");
        fs::create_symlink("dir", t / "link");
      },
      [](const fs::path& t) { fs::create_directory(t / "empty"); },
      [](const fs::path& t) {  // the same bytes, split elsewhere between name and content
        fs::remove(t / "run");
        std::ofstream(t / "ru") << "nx";
        fs::permissions(t / "ru", fs::perms(0755));
      },
  };
  for (const auto& change : changes) {
    const fs::path t = make("c" + std::to_string(digests.size()), 022);
    change(t);
    digests.push_back(seal(t, kMost, {})->digest);
  }
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

TEST_F(SealTest, links_may_lead_into_the_app_and_the_system_only) {
  const fs::path t = tree("a");
  fs::create_directories(t / "x/y");
  for (const char* good : {"/usr/bin/python3", "../x/y", "/app/x", "../../bin/sh", "missing", "/dev/null"}) {
    fs::create_symlink(good, t / "x/link");
    EXPECT_TRUE(seal(t, kMost, {})) << good;
    chmod((t / "x").c_str(), 0755);
    chmod(t.c_str(), 0755);
    fs::remove(t / "x/link");
  }
  for (const char* bad : {"/root/.ssh", "../../root", "/cache/x", "/home/ann/lib", "/", "../..", "/srv"}) {
    fs::create_symlink(bad, t / "x/link");
    const auto sealed = seal(t, kMost, {});
    ASSERT_FALSE(sealed) << bad;
    EXPECT_THAT(sealed.error().message, HasSubstr("x/link leads out of the app"));
    fs::remove(t / "x/link");
  }
}

TEST_F(SealTest, pipes_and_devices_are_refused) {
  ASSERT_EQ(mkfifo((tree("a") / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(seal(tree("a"), kMost, {}).error().message, HasSubstr("pipe is a device, pipe or socket"));
  if (geteuid() == 0 && mknod((tree("b") / "null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) {
    EXPECT_FALSE(seal(tree("b"), kMost, {}));
  }
}

TEST_F(SealTest, many_files_and_unreadable_ones) {
  const fs::path t = tree("a");
  for (int i = 0; i < 200; ++i) std::ofstream(t / std::to_string(i)) << i;
  fs::create_directory(t / "shut");
  std::ofstream(t / "shut/file") << "x";
  chmod((t / "shut/file").c_str(), 0);
  chmod((t / "shut").c_str(), 0100);
  chmod((t / "7").c_str(), 06755);
  ASSERT_TRUE(seal(t, kMost, {}));
  struct stat info {};
  ASSERT_EQ(stat((t / "7").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0555U);  // no set-user-id
}

TEST_F(SealTest, refuses_more_than_an_artifact_may_hold) {
  const auto t = tree("a");
  std::ofstream(t / "small") << "x";
  fs::create_directory(t / "folder");
  std::ofstream(t / "folder/large").close();
  fs::resize_file(t / "folder/large", std::uintmax_t{5} << 30);  // takes no room, and would take long to read
  EXPECT_EQ(seal(t, {std::int64_t{4} << 30, 3}, {}).error().message,
            "what was built takes 5.0 GB, more than the 4 GB of an artifact (its largest file: folder/large with 5 "
            "GB); [limits] artifact_size in sluice.toml sets another limit");
  EXPECT_EQ(seal(t, {std::int64_t{4} << 40, 2}, {}).error().message,
            "what was built has more than 2 files and folders, the most that an artifact may have; [limits] "
            "artifact_files in sluice.toml sets another limit");
}

TEST_F(SealTest, ends_when_it_is_told_to) {
  std::ofstream(tree("a") / "file") << "x";
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(seal(tree("a"), kMost, stop.get_token()).error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace sluice::build
