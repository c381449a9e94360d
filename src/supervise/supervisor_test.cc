#include "supervise/supervisor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/files.h"
#include "base/proc.h"
#include "base/process.h"
#include "supervise/s6.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::supervise {
namespace {

template <class Condition>
bool eventually(Condition condition, Duration at_most = 10s) {
  auto until = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-s6-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    auto started = Supervisor::ensure(dir_ / "s6");
    ASSERT_TRUE(started) << started.error().message;
    s6_.emplace(*started);
  }
  void TearDown() override {
    auto down = Supervisor::down(dir_ / "s6", 1s);
    EXPECT_TRUE(down) << down.error().message;
    EXPECT_FALSE(Supervisor::running(dir_ / "s6"));
    EXPECT_TRUE(eventually([&] { return proc::with_argument(dir_.string()).empty(); }));
    EXPECT_TRUE(remove_tree(dir_));
  }
  Service shell(const std::string& name, const std::string& script) {
    Service service;
    service.name = name;
    // The folder in the argument is how a left-over process would be found.
    service.argv = {"/bin/sh", "-c", script, dir_.string()};
    service.log_dir = dir_ / "log" / name;
    return service;
  }
  std::string log(const std::string& name) { return read_file(dir_ / "log" / name / "current").value_or(""); }
  fs::path dir_;
  std::optional<Supervisor> s6_;
};

TEST_F(SupervisorTest, runs_what_it_is_given_and_keeps_what_that_says) {
  ASSERT_TRUE(s6_->add({shell("a", "echo out; echo err >&2; exec sleep 1000"), shell("b", "exec sleep 1000")}));
  EXPECT_TRUE(eventually([&] { return s6_->status("a")->up && s6_->status("b")->up; }));
  EXPECT_TRUE(eventually([&] { return log("a").find("err") != std::string::npos; }));
  EXPECT_NE(log("a").find("  out\n"), std::string::npos) << log("a");
  EXPECT_EQ(s6_->names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s6_->status("c").error().kind, ErrorKind::not_found);
}

TEST_F(SupervisorTest, what_a_service_writes_takes_no_more_room_than_it_may) {
  // Each file put away is an fsync: twenty of them, on a disk that others use too.
  auto loud = shell("loud", "seq 1 60000; echo end; exec sleep 1000");
  loud.log_files = 3;
  loud.log_bytes = 100'000;
  ASSERT_TRUE(s6_->add({loud}));
  EXPECT_TRUE(eventually([&] { return log("loud").find("  end\n") != std::string::npos; }, 60s));
  std::uintmax_t size = 0;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(loud.log_dir)) {
    size += entry.file_size();
    files += entry.path().filename().string().starts_with('@') ? 1 : 0;
  }
  EXPECT_EQ(files, 3) << "nothing was put away: the test tests nothing";
  EXPECT_LE(size, 4 * (loud.log_bytes + kLongestLine)) << "of more than two million bytes";
}

TEST_F(SupervisorTest, restarts_what_dies_and_says_how_it_died) {
  ASSERT_TRUE(s6_->add({shell("a", "exit 7"), shell("b", "kill -9 $$")}));
  EXPECT_TRUE(eventually([&] { return s6_->status("a")->deaths >= 2 && s6_->status("b")->deaths >= 2; }));
  EXPECT_EQ(s6_->status("a")->exit_code, 7);
  EXPECT_EQ(s6_->status("b")->exit_code, 128 + SIGKILL);
}

TEST_F(SupervisorTest, what_an_ended_s6_supervise_wrote_is_not_believed) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  const auto service = dir_ / "s6" / "services" / "a", left = dir_ / "left";
  EXPECT_EQ(s6::pid(service), s6_->status("a")->pid);
  fs::create_directories(left / "supervise");
  fs::copy_file(service / "supervise" / "status", left / "supervise" / "status");
  EXPECT_EQ(s6::status(left), Status{});
  EXPECT_EQ(s6::pid(left), 0);
  EXPECT_EQ(s6::control(left, "d").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(s6::status(dir_ / "nowhere"), Status{});
}

TEST_F(SupervisorTest, adding_twice_is_adding_once) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  int pid = s6_->status("a")->pid;
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  EXPECT_EQ(s6_->status("a")->pid, pid);
}

TEST_F(SupervisorTest, what_an_earlier_version_defined_starts_the_next_time_as_this_one_says) {
  auto service = shell("a", "echo new; exec sleep 1000");
  auto earlier = service;
  earlier.argv[2] = "echo old; exec sleep 1000";
  earlier.down_signal = "SIGINT";
  earlier.log_files = 7;
  ASSERT_TRUE(s6_->add({earlier}));
  ASSERT_TRUE(eventually([&] { return log("a").find("old") != std::string::npos; }));
  const int pid = s6_->status("a")->pid;
  const auto folder = dir_ / "s6" / "services" / "a";
  for (const char* name : {"finish", "notification-fd", "timeout-kill", "timeout-finish", "log/finish"})
    ASSERT_TRUE(write_file(folder / name, "3\n"));
  ASSERT_TRUE(s6_->add({service}));
  EXPECT_NE(read_file(folder / "run")->find("echo new"), std::string::npos);
  EXPECT_EQ(fs::status(folder / "run").permissions(), fs::perms(0755));
  EXPECT_NE(read_file(folder / "log" / "run")->find("'n20'"), std::string::npos);
  for (const char* name : {"finish", "notification-fd", "timeout-kill", "timeout-finish", "log/finish", "down-signal"})
    EXPECT_FALSE(fs::exists(folder / name)) << name;
  EXPECT_EQ(s6_->status("a")->pid, pid) << "what runs goes on";
  EXPECT_EQ(s6_->status("a")->deaths, 0);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return log("a").find("new") != std::string::npos; }));

  const auto written = fs::last_write_time(folder / "run");
  ASSERT_TRUE(s6_->add({service}));
  EXPECT_EQ(fs::last_write_time(folder / "run"), written) << "what is as it should be is not written again";
}

TEST_F(SupervisorTest, stops_with_sigterm_first_and_kills_what_does_not_listen) {
  ASSERT_TRUE(s6_->add({shell("kind", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"),
                        shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.1; done")}));
  ASSERT_TRUE(eventually([&] { return log("kind").find("up") != std::string::npos; }));
  ASSERT_TRUE(eventually([&] { return log("deaf").find("up") != std::string::npos; }));
  auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(s6_->stop({"kind", "deaf", "unheard-of"}, 300ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
  EXPECT_FALSE(s6_->any_up({"kind", "deaf"}));
  EXPECT_FALSE(s6_->status("kind")->wanted_up);
  EXPECT_TRUE(eventually([&] { return log("kind").find("bye") != std::string::npos; }));
}

TEST_F(SupervisorTest, asks_with_the_signal_that_a_service_wants) {
  auto odd = shell("odd",
                   "trap 'echo hangs up; exit 0' TERM; trap 'echo interrupted; exit 0' INT; echo up; "
                   "while :; do sleep 0.01; done");
  odd.down_signal = "SIGINT";
  ASSERT_TRUE(s6_->add({odd}));
  ASSERT_TRUE(eventually([&] { return log("odd").find("up") != std::string::npos; }));
  ASSERT_TRUE(s6_->stop({"odd"}, 10s));
  EXPECT_TRUE(eventually([&] { return log("odd").find("interrupted") != std::string::npos; })) << log("odd");
}

TEST_F(SupervisorTest, ends_the_last_ones_when_the_others_are_gone) {
  const auto note = (dir_ / "order").string();
  const auto says = [&](const std::string& name) {
    return shell(
        name, "trap 'sleep 0.1; echo " + name + " >>" + note + "; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  };
  ASSERT_TRUE(s6_->add({says("app"), says("base"), says("door")}));
  for (const char* name : {"app", "base", "door"})
    ASSERT_TRUE(eventually([&] { return log(name).find("up") != std::string::npos; }));
  ASSERT_TRUE(Supervisor::down(dir_ / "s6", 10s, {"door"}, {"base"}));
  EXPECT_EQ(read_file(note).value_or(""), "door\napp\nbase\n");
}

TEST_F(SupervisorTest, one_that_waits_is_started_by_adding_it_only) {
  auto app = shell("app", "exec sleep 1000");
  app.waits = true;
  ASSERT_TRUE(s6_->add({app, shell("base", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("app")->up && s6_->status("base")->up; }));
  ASSERT_TRUE(Supervisor::down(dir_ / "s6", 1s));
  auto again = Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_TRUE(eventually([&] { return again->status("base")->up; }));
  EXPECT_FALSE(again->status("app")->up);
  ASSERT_TRUE(again->add({app}));
  EXPECT_TRUE(eventually([&] { return again->status("app")->up; }));
}

TEST_F(SupervisorTest, nothing_of_a_removed_service_is_left_but_its_log) {
  ASSERT_TRUE(s6_->add(
      {shell("app", "trap 'echo bye; exit 0' TERM; echo up; setsid sleep 1000 & while :; do sleep 0.01; done")}));
  ASSERT_TRUE(eventually([&] { return log("app").find("up") != std::string::npos; })) << log("app");
  ASSERT_TRUE(s6_->remove({"app"}, 10s));
  EXPECT_NE(log("app").find("bye"), std::string::npos) << "the log is complete when the service is gone";
  EXPECT_TRUE(s6_->names().empty());
  // s6-log has the folder in its arguments too: it is gone with its service.
  EXPECT_TRUE(proc::with_argument(dir_.string() + "/log/app").empty());
}

TEST_F(SupervisorTest, a_removal_that_was_killed_in_its_middle_comes_to_its_end) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  fs::remove(dir_ / "s6/scan/a");
  ASSERT_TRUE(s6::control_all(dir_ / "s6/scan", "an"));
  ASSERT_TRUE(eventually([&] { return proc::with_argument(dir_.string() + "/log/a").empty(); }));
  ASSERT_TRUE(eventually([&] { return s6_->stop({"a"}, 1s).has_value(); }));
  EXPECT_TRUE(s6_->has("a"));
  EXPECT_TRUE(s6_->dismiss({"a"}));
  EXPECT_TRUE(s6_->remove({"a"}, 1s));
  EXPECT_TRUE(s6_->names().empty());
}

TEST_F(SupervisorTest, a_removed_name_can_be_used_again) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
    ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; })) << i;
    ASSERT_TRUE(s6_->remove({"a"}, 1s));
    EXPECT_FALSE(s6_->has("a"));
  }
}

TEST_F(SupervisorTest, outlives_its_user_and_is_found_again) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  int pid = s6_->status("a")->pid;
  auto again = Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status("a")->pid, pid);
}

TEST_F(SupervisorTest, after_down_the_next_start_brings_all_back) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000"), shell("b", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up && s6_->status("b")->up; }));
  ASSERT_TRUE(Supervisor::down(dir_ / "s6", 1s, {"b"}));
  EXPECT_TRUE(eventually([&] { return proc::with_argument(dir_.string()).empty(); }));
  auto again = Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(eventually([&] { return again->status("a")->up && again->status("b")->up; }));
}

TEST_F(SupervisorTest, a_killed_supervisor_is_replaced_and_its_services_can_still_be_removed) {
  ASSERT_TRUE(s6_->add({shell("a", "exec sleep 1000")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  int pid = s6_->status("a")->pid;
  ProcessCommand find;
  find.argv = {"sh", "-c",
               "for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" = " + dir_.string() +
                   "/s6/scan ] && grep -q s6-svscan $p/comm && echo ${p#/proc/}; done; true"};
  auto lock = run(find);
  ASSERT_TRUE(lock && !lock->out.empty());
  ::kill(std::stoi(lock->out), SIGKILL);
  ASSERT_TRUE(eventually([&] { return !Supervisor::running(dir_ / "s6"); }));
  auto again = Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->status("a")->pid, pid) << "the service went on";
  EXPECT_TRUE(again->remove({"a"}, 1s));
}

TEST_F(SupervisorTest, what_ran_under_a_killed_s6_supervise_ends_before_another_starts) {
  ASSERT_TRUE(s6_->add({shell("a", "trap '' TERM; while :; do sleep 0.1; done")}));
  ASSERT_TRUE(eventually([&] { return s6_->status("a")->up; }));
  const int before = s6_->pid("a");
  for (const auto& process : proc::all()) {
    if (process.pid != before) continue;
    ASSERT_EQ(::kill(process.parent, SIGKILL), 0);
  }
  ASSERT_TRUE(eventually([&] {
    const int now = s6_->pid("a");
    return now != 0 && now != before;
  }));
  EXPECT_TRUE(eventually([&] { return ::kill(before, 0) != 0; }));
}

}  // namespace
}  // namespace sluice::supervise
