#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <string>

#include "postgres/test_cluster.h"

// The server is slow, starting, recovering, or has no room.
namespace sluice::postgres {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class BadDayTest : public ClusterTest {
 protected:
  // Without waiting for it; `more` goes to its command line.
  void launch(const std::vector<std::string>& more = {}) {
    ProcessCommand command;
    command.argv = {"sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", (dir_ / "log").string()};
    for (const auto& word : cluster_->command()) command.argv.push_back(word);
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    command.cwd = cluster_->folder().string();
    auto started = Child::start(command);
    ASSERT_TRUE(started) << started.error().message;
    server_.emplace(std::move(*started));
  }
};

TEST_F(BadDayTest, one_that_does_not_answer_is_slow) {
  ::kill(server_->pid(), SIGSTOP);
  EXPECT_EQ(cluster_->state(), State::slow);
  ::kill(server_->pid(), SIGCONT);
  EXPECT_EQ(good(cluster_->await(20s)), "");
}

TEST_F(BadDayTest, starting_and_recovering_are_told_apart) {
  // It asks for a log segment first, which takes as long as this file is there.
  const auto held = dir_ / "held", wanted = place() / "cluster" / "recovery.signal";
  const std::string ask_for_it = "restore_command=while test -e " + held.string() + "; do sleep 0.05; done; false";
  for (const bool clean : {true, false}) {
    stop(clean ? Cluster::kStopSignal : SIGKILL);
    EXPECT_TRUE(eventually([&] { return cluster_->state() == State::down; }));
    EXPECT_TRUE(eventually([&] {
      open();
      return !fs::exists(place() / "cluster" / "postmaster.pid");
    }));
    ASSERT_TRUE(write_file(held, ""));
    ASSERT_TRUE(write_file(wanted, ""));
    launch({"-c", ask_for_it});
    EXPECT_TRUE(eventually([&] { return cluster_->state() != State::down; }));
    EXPECT_EQ(cluster_->state(), clean ? State::starting : State::recovering);
    const auto said = cluster_->await(100ms);
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(contains(said.error().message, clean ? "are starting" : "recovering from a crash"));
    EXPECT_EQ(cluster_->ensure("stg_a_1", "x").error().message, said.error().message);
    stop(SIGQUIT);
    fs::remove(held);
    fs::remove(wanted);
    start();
  }
}

TEST_F(BadDayTest, waiting_ends_when_it_is_asked_to) {
  stop();
  std::stop_source hurry;
  hurry.request_stop();
  EXPECT_EQ(cluster_->await(60s, hurry.get_token()).error().kind, ErrorKind::cancelled);
}

TEST_F(BadDayTest, all_connections_in_use_is_said) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 CONNECTION LIMIT 1;"), "");
  std::jthread busy([&] { as(a, "SELECT pg_sleep(60);"); });
  EXPECT_TRUE(
      eventually([&] { return as_owner("SELECT count(*) FROM pg_stat_activity WHERE usename = 'stg_a_1';") == "1"; }));
  EXPECT_TRUE(contains(as(a, "SELECT 1;"), "too many connections for role"));
  EXPECT_TRUE(cluster_->dump("stg_a_1", dir_ / "a.dump")) << "backups have a login of their own";
  stop();
}

bool say(const char* file, const std::string& text) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  const bool said = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return said;
}

// On a filesystem of its own, which only this process and its children see.
class FullDiskTest : public BadDayTest {
 protected:
  void SetUp() override {
    be_an_ordinary_user();
    const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    char name[] = "/tmp/sluice-pg-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    small_ = name;
    ::prctl(PR_SET_DUMPABLE, 1);  // or its maps would be root's
    const bool own = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
                     say("/proc/self/uid_map", user + " " + user + " 1") && say("/proc/self/setgroups", "deny") &&
                     say("/proc/self/gid_map", group + " " + group + " 1") &&
                     ::mount("none", small_.c_str(), "tmpfs", 0, "size=200m") == 0;
    if (!own) GTEST_SKIP() << "this machine gives no mount of our own";
    mounted_ = true;
    ClusterTest::SetUp();
  }
  void TearDown() override {
    if (mounted_) ClusterTest::TearDown();
    ::umount2(small_.c_str(), MNT_DETACH);
    EXPECT_TRUE(remove_tree(small_));
  }
  fs::path place() const override { return small_ / "postgres"; }
  void fill() {
    const int fd = ::open((small_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    const std::string block(1 << 16, 'x');
    while (::write(fd, block.data(), block.size()) > 0) {
    }
    ::close(fd);
  }
  fs::path small_;
  bool mounted_ = false;
};

TEST_F(FullDiskTest, a_full_disk_is_named_and_everything_goes_on_when_there_is_room) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as(a, "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i;"), "");
  fill();
  auto refused = cluster_->ensure("stg_b_1", "secret");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(contains(refused.error().message, "disk is full")) << refused.error().message;
  auto dumped = cluster_->dump("stg_a_1", small_ / "a.dump");
  ASSERT_FALSE(dumped);
  EXPECT_EQ(dumped.error().kind, ErrorKind::unavailable) << dumped.error().message;
  EXPECT_TRUE(contains(dumped.error().message, "disk is full")) << dumped.error().message;
  EXPECT_FALSE(fs::exists(small_ / "a.dump"));
  EXPECT_FALSE(cluster_->copy("stg_a_1", "stg_a_2"));

  stop(SIGKILL);
  EXPECT_TRUE(eventually([&] { return cluster_->state() != State::ready; }));
  fill();
  launch();
  EXPECT_TRUE(eventually([&] { return !runs(); })) << "not even its lock file has room";
  EXPECT_EQ(cluster_->state(), State::disk_full);
  EXPECT_TRUE(contains(cluster_->await(0ms).error().message, "make room in " + place().string()));
  server_.reset();
  fs::remove(small_ / "filler");
  start();
  EXPECT_EQ(as(a, "SELECT count(*) FROM t;"), "1000");
  EXPECT_EQ(as(stage("stg_b_1"), "SELECT 1;"), "1");
}

}  // namespace
}  // namespace sluice::postgres
