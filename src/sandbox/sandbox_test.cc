#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "sandbox/fence.h"

namespace sluice::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// Every process on this machine whose command line holds `text`.
std::vector<int> processes_with(const std::string& text) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream line;  // which takes the end of a process meanwhile for the end of the file
    line << in.rdbuf();
    if (line.str().find(text) != std::string::npos && std::stoi(name) != getpid()) found.push_back(std::stoi(name));
  }
  return found;
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-sandbox-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
    fs::create_directory(dir_ / "app");
    fs::create_directory(dir_ / "data");
    std::ofstream(dir_ / "data" / "secret") << "do not read";
    auto probed = Sandbox::probe(dir_ / "etc");
    ASSERT_TRUE(probed) << probed.error().message;
    sandbox_ = *probed;
    spec_.binds = {{dir_ / "app", "/app", true}};
    spec_.env_dir = dir_ / "env";
    set({});
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(dir_)); }

  void set(const std::map<std::string, std::string>& env) {
    auto written = write_env_dir(dir_ / "env", env);
    ASSERT_TRUE(written) << written.error().message;
  }
  Finished sh(const std::string& script) {
    spec_.argv = {"/bin/sh", "-c", script};
    ProcessCommand command;
    command.argv = sandbox_->command(spec_);
    command.time_limit = std::chrono::seconds(60);
    command.collect_limit = 8 << 20;
    auto finished = run(command);
    EXPECT_TRUE(finished) << finished.error().message;
    return finished.value_or(Finished{});
  }
  std::chrono::steady_clock::duration took_to_come_and_go() {
    const auto begin = std::chrono::steady_clock::now();
    sh("true");
    return std::chrono::steady_clock::now() - begin;
  }

  fs::path dir_;
  std::optional<Sandbox> sandbox_;
  Spec spec_;
};

TEST_F(SandboxTest, runs_a_command_and_gives_its_status) {
  const Finished done = sh("echo hello; pwd; exit 7");
  EXPECT_EQ(done.exit_code, 7);
  EXPECT_EQ(done.out, "hello\n/app\n");
  EXPECT_EQ(sh("kill -SEGV $$").exit_code, 128 + SIGSEGV);
}

TEST_F(SandboxTest, a_missing_program_is_said_and_exits_127) {
  spec_.argv = {"no-such-program"};
  ProcessCommand command;
  command.argv = sandbox_->command(spec_);
  const auto done = run(command);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 127);
  EXPECT_THAT(done->err, HasSubstr("no-such-program"));
}

TEST_F(SandboxTest, standard_input_arrives) {
  spec_.argv = {"cat"};
  ProcessCommand command;
  command.argv = sandbox_->command(spec_);
  command.input = "through";
  EXPECT_EQ(run(command)->out, "through");
}

TEST_F(SandboxTest, sees_neither_the_data_folder_nor_homes_nor_other_settings) {
  EXPECT_NE(sh("ls " + (dir_ / "data").string()).exit_code, 0);
  EXPECT_NE(sh("ls /root").exit_code, 0);
  EXPECT_NE(sh("ls /etc/shadow").exit_code, 0);
  EXPECT_NE(sh("ls /etc/ssl/private").exit_code, 0);
  EXPECT_NE(sh("ls /var/lib").exit_code, 0);
  EXPECT_NE(sh("ls /sys/kernel").exit_code, 0);
  EXPECT_EQ(sh("ls -A /tmp /home/app").out, "/home/app:\n\n/tmp:\n");
}

TEST_F(SandboxTest, sees_names_certificates_and_users_as_the_system_has_them) {
  EXPECT_EQ(sh("cat /etc/hosts").out, read_file("/etc/hosts").value());
  EXPECT_EQ(sh("for f in /etc/ssl/certs/*; do [ -e $f ] || echo $f leads nowhere; done").out, "");
  EXPECT_EQ(sh("getent passwd 1000 | cut -d: -f1,6").out, "app:/home/app\n");
}

// As when a server starts anew while the apps of the one before run on.
TEST_F(SandboxTest, R9_2_what_runs_keeps_its_etc_when_it_is_copied_anew) {
  spec_.argv = {"/bin/sh", "-c",
                "ls /etc/ssl/certs > before; touch ready; while [ ! -e go ]; do sleep 0.05; done; "
                "ls /etc/ssl/certs > after; cat /etc/hosts > hosts"};
  ProcessCommand command;
  command.argv = sandbox_->command(spec_);
  std::thread runs([&] { EXPECT_TRUE(run(command)->ok()); });
  EXPECT_TRUE(eventually([&] { return fs::exists(dir_ / "app" / "ready"); }));
  EXPECT_TRUE(fs::remove(dir_ / "etc" / "hosts"));
  EXPECT_TRUE(Sandbox::probe(dir_ / "etc"));
  std::ofstream(dir_ / "app" / "go") << "now";
  runs.join();
  EXPECT_EQ(*read_file(dir_ / "app" / "hosts"), *read_file("/etc/hosts"));
  EXPECT_EQ(*read_file(dir_ / "app" / "after"), *read_file(dir_ / "app" / "before"));
}

TEST_F(SandboxTest, a_data_folder_beneath_opt_is_hidden) {
  if (access("/opt", W_OK) != 0) GTEST_SKIP() << "/opt cannot be written by this user";
  std::string name = "/opt/sluice-test-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  std::ofstream(name + "/secret") << "x";
  EXPECT_EQ(sh("cat " + name + "/secret").out, "x");
  sandbox_->hide(name);
  EXPECT_EQ(sh("ls -A " + name + "; touch " + name + "/a 2>/dev/null || echo read-only").out, "read-only\n");
  fs::remove_all(name);
}

TEST_F(SandboxTest, sees_no_process_but_its_own) {
  EXPECT_EQ(sh("echo /proc/[0-9]*").out, "/proc/1 /proc/2\n");
  EXPECT_NE(sh("kill -0 " + std::to_string(getpid())).exit_code, 0);
}

TEST_F(SandboxTest, is_an_ordinary_user_without_capabilities) {
  EXPECT_EQ(sh("id -u; id -un; id -gn").out, "1000\napp\napp\n");
  EXPECT_THAT(sh("cat /proc/self/status").out, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(sh("cat /proc/self/status").out, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_EQ(sh("ulimit -c; ulimit -H -c").out, "0\n0\n");
}

TEST_F(SandboxTest, writes_only_where_it_may) {
  EXPECT_EQ(sh("echo 1 > /app/a && echo 2 > /tmp/b && echo 3 > /home/app/c && echo 4 > /var/tmp/d").exit_code, 0);
  EXPECT_TRUE(fs::exists(dir_ / "app" / "a"));
  EXPECT_EQ(sh("echo 5 > /dev/shm/e && echo 6 > /dev/null").exit_code, 0);
  for (const char* place :
       {"/x", "/dev/x", "/usr/x", "/etc/x", "/run/x", "/run/sluice/x", "/var/x", "/opt/x", "/etc/hosts"}) {
    EXPECT_NE(sh(std::string("echo 1 > ") + place).exit_code, 0) << place;
  }
  spec_.binds[0].writable = false;
  EXPECT_NE(sh("echo 1 > /app/b").exit_code, 0);
}

TEST_F(SandboxTest, listens_on_its_own_port_and_those_the_kernel_picks) {
  if (!fence().ports) GTEST_SKIP() << "this kernel has no rule of ports: Linux 6.7 is needed";
  const auto listens = [&](int port, const std::string& more = "") {
    return sh("exec perl -MSocket -e 'socket my $s, AF_INET, SOCK_STREAM, 0; " + more +
              "; exit !(bind $s, sockaddr_in " + std::to_string(port) + ", INADDR_LOOPBACK and listen $s, 1)'")
               .exit_code == 0;
  };
  EXPECT_TRUE(listens(0));
  EXPECT_FALSE(listens(4321));
  spec_.listens = {4321, 4321};
  EXPECT_TRUE(listens(4321));
  EXPECT_FALSE(listens(4322));
  EXPECT_TRUE(listens(0));
}

// As a build's: it may try its program on a port, but not on one that somebody has, not even beside him.
TEST_F(SandboxTest, a_command_listens_where_nobody_did_when_it_started) {
  if (!fence().ports) GTEST_SKIP() << "this kernel has no rule of ports: Linux 6.7 is needed";
  int port = 0, fd = -1, yes = 1;
  for (port = kCommandPorts.from + getpid() % 4000; port < kCommandPorts.to; ++port) {
    fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0) break;
    ::close(fd);
  }
  const std::string beside =
      "perl -MSocket -e 'socket my $s, AF_INET, SOCK_STREAM, 0; setsockopt $s, SOL_SOCKET, 15, 1 "
      "or exit 2; exit !(bind $s, sockaddr_in " +
      std::to_string(port) + ", INADDR_LOOPBACK)'";
  spec_.listens = kCommandPorts;
  EXPECT_EQ(sh(beside).exit_code, 0) << "nobody listens yet";
  ASSERT_EQ(::listen(fd, 1), 0);
  EXPECT_EQ(sh(beside).exit_code, 1);
  ::close(fd);
}

TEST_F(SandboxTest, a_command_never_listens_on_a_port_that_is_reserved) {
  if (!fence().ports) GTEST_SKIP() << "this kernel has no rule of ports: Linux 6.7 is needed";
  const auto listens = [&](int port) {
    return sh("perl -MSocket -e 'socket my $s, AF_INET, SOCK_STREAM, 0; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1; "
              "exit !(bind $s, sockaddr_in " +
              std::to_string(port) + ", INADDR_LOOPBACK)'")
               .exit_code == 0;
  };
  spec_.listens = kCommandPorts;
  std::vector<int> free;
  for (int port = kCommandPorts.from + getpid() % 4000; free.size() < 3 && port < kCommandPorts.to; ++port)
    if (listens(port)) free.push_back(port);
  ASSERT_EQ(free.size(), 3U);
  const Sandbox same = *sandbox_;
  for (const int port : {free[0], free[2], 0, 55'555}) same.reserve(static_cast<std::uint16_t>(port));
  EXPECT_FALSE(listens(free[0]));
  EXPECT_TRUE(listens(free[1]));
  EXPECT_FALSE(listens(free[2]));
  EXPECT_TRUE(listens(0)) << "the kernel still picks";
  spec_.listens = {free[0], free[0]};
  EXPECT_TRUE(listens(free[0])) << "an app has its port";
}

TEST_F(SandboxTest, reaches_no_abstract_socket_of_the_machine) {
  if (!fence().abstract) GTEST_SKIP() << "this kernel shows them to everybody: Linux 6.12 is needed";
  const std::string name = "sluice-test-" + std::to_string(getpid());
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  name.copy(un.sun_path + 1, name.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&un), size), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  const std::string connect =
      "perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0; exit !connect $s, pack(q(Sxa*), AF_UNIX, q(" + name +
      "))'";
  ProcessCommand outside;
  outside.argv = {"/bin/sh", "-c", connect};
  ASSERT_EQ(run(outside)->exit_code, 0) << "from outside it is reached";
  EXPECT_EQ(sh(connect).exit_code, 1);
  ::close(fd);
}

TEST_F(SandboxTest, the_kernel_s_calls_are_filtered) {
  EXPECT_THAT(sh("cat /proc/self/status").out, HasSubstr("Seccomp:\t2"));
  EXPECT_NE(sh("unshare -U true").exit_code, 0);
  EXPECT_EQ(sh("exec ls /proc/self/fd").out, "0\n1\n2\n3\n") << "none is left open but that of the folder itself";
}

TEST_F(SandboxTest, temporary_files_are_limited_when_asked) {
  spec_.tmp_limit = 1 << 20;
  EXPECT_NE(sh("head -c 2000000 /dev/zero > /tmp/big").exit_code, 0);
  EXPECT_NE(sh("head -c 2000000 /dev/zero > /home/app/big").exit_code, 0);
  EXPECT_NE(sh("head -c 2000000 /dev/zero > /dev/shm/big").exit_code, 0);
  EXPECT_EQ(sh("head -c 500000 /dev/zero > /tmp/small").exit_code, 0);
}

TEST_F(SandboxTest, processes_are_limited_when_asked) {
  if (geteuid() == 0) GTEST_SKIP() << "the kernel never holds root to this limit";
  spec_.limits.processes = 20;
  EXPECT_NE(sh("for i in $(seq 40); do sleep 20 & done; echo all").out, "all\n");
  spec_.limits.processes = 200;
  EXPECT_EQ(sh("for i in $(seq 40); do sleep 0.1 & done; echo all").out, "all\n");
}

// Real cgroups of this machine, where it has some for this user.
class LimitedSandboxTest : public SandboxTest {
 protected:
  void SetUp() override {
    SandboxTest::SetUp();
    auto groups = cgroup::Groups::open(dir_);
    if (!groups) GTEST_SKIP() << "limits are not tried here: " << groups.error().message;
    sandbox_->hold_limits_with(std::move(*groups));
    spec_.group = "tried";
  }
  void TearDown() override {
    cgroup::take_away(dir_);
    if (sandbox_->groups() != nullptr) {
      EXPECT_FALSE(fs::exists(sandbox_->groups()->group("x", {}).folders[0].path.parent_path()));
    }
    SandboxTest::TearDown();
  }
};

TEST_F(LimitedSandboxTest, who_takes_more_memory_than_allowed_is_ended_and_it_is_said) {
  if (!sandbox_->groups()->holds_memory()) GTEST_SKIP() << "no controller for memory";
  spec_.limits.memory = 64 << 20;
  EXPECT_EQ(sh("perl -e '$x = q(x) x 20_000_000; print length $x'").out, "20000000");
  const auto ended = sh("exec perl -e '$x = q(x) x 200_000_000; print length $x'");
  EXPECT_EQ(ended.exit_code, 137);
  EXPECT_EQ(ended.out, "sluice: used more than its 64 MB of memory and was ended\n");
  EXPECT_EQ(sandbox_->groups()->seen("tried").ended, 1);
  EXPECT_EQ(sh("echo well").out, "well\n") << "an end of before is not said again";
  spec_.group = "other";
  EXPECT_THAT(sh("perl -e '$x = q(x) x 200_000_000'; echo the rest goes on").out,
              testing::StartsWith("the rest goes on\nsluice: used more"));
}

TEST_F(LimitedSandboxTest, what_is_kept_in_tmp_is_memory) {
  if (!sandbox_->groups()->holds_memory()) GTEST_SKIP() << "no controller for memory";
  spec_.limits.memory = 64 << 20;
  EXPECT_NE(sh("head -c 100000000 /dev/zero >/tmp/much && echo all").out, "all\n");
}

TEST_F(LimitedSandboxTest, processes_end_at_their_limit_and_it_is_said) {
  if (!sandbox_->groups()->holds_processes()) GTEST_SKIP() << "no controller for processes";
  spec_.limits.processes = 20;
  const auto bomb = sh("for i in $(seq 40); do sleep 20 & done; echo all");
  EXPECT_THAT(bomb.out, Not(HasSubstr("all")));
  EXPECT_THAT(bomb.out, HasSubstr("sluice: wanted more than its 20 processes, and was refused them\n"));
  EXPECT_GT(sandbox_->groups()->seen("tried").refused, 0);
}

TEST_F(LimitedSandboxTest, no_more_of_the_processor_is_used_than_allowed) {
  if (!sandbox_->groups()->holds_cpu()) GTEST_SKIP() << "no controller for processors";
  spec_.limits.cpu = 200;
  // Of the processor's time it took: user and system of all that ended, in the second line of `times`.
  const auto began = std::chrono::steady_clock::now();
  const auto done = sh("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; times");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  double minutes = 0, seconds = 0;
  ASSERT_EQ(std::sscanf(done.out.c_str(), "%lfm%lfs", &minutes, &seconds), 2) << done.out;
  // A period more or less at either end.
  EXPECT_LT(60 * minutes + seconds, took.count() * 0.2 + 0.08);
}

TEST_F(LimitedSandboxTest, a_group_that_was_swept_away_is_made_again_with_its_limits) {
  spec_.limits.processes = 33;
  const auto group = sandbox_->groups()->group("tried", spec_.limits);
  sandbox_->groups()->sweep();
  EXPECT_FALSE(fs::exists(group.folders[0].path));
  EXPECT_EQ(sh("echo well").out, "well\n");
  for (const auto& folder : group.folders) {
    for (const auto& [file, content] : folder.settings) EXPECT_EQ(*read_file(folder.path / file), content + "\n");
  }
  sandbox_->groups()->remove("tried");
  EXPECT_FALSE(fs::exists(group.folders[0].path));
}

TEST_F(LimitedSandboxTest, a_group_with_something_in_it_is_not_swept) {
  ProcessCommand command;
  spec_.argv = {"/bin/sh", "-c", "touch ready; until [ -e go ]; do sleep 0.01; done"};
  command.argv = sandbox_->command(spec_);
  std::thread runs([&] { EXPECT_TRUE(run(command)->ok()); });
  EXPECT_TRUE(eventually([&] { return fs::exists(dir_ / "app" / "ready"); }));
  sandbox_->groups()->sweep();
  for (const auto& folder : sandbox_->groups()->group("tried", {}).folders) EXPECT_TRUE(fs::exists(folder.path));
  std::ofstream(dir_ / "app" / "go") << "now";
  runs.join();
}

TEST_F(SandboxTest, without_cgroups_a_group_s_name_means_nothing) {
  spec_.group = "tried";
  spec_.limits.memory = 64 << 20;
  EXPECT_EQ(sh("echo well").out, "well\n");
}

TEST_F(SandboxTest, values_arrive_exactly) {
  std::string every;
  for (int c = 1; c < 256; ++c) every += static_cast<char>(c);
  const std::map<std::string, std::string> env = {{"EMPTY", ""},
                                                  {"NEWLINES", "\na\n\nb\n\n"},
                                                  {"QUOTES", "'\"`$(id) ${x} \\ \\n!*~#&;|<>"},
                                                  {"SPACES", " \t x \t "},
                                                  {"EVERY_BYTE", every},
                                                  {"LONG", std::string(64 << 10, 'y') + "z"},
                                                  {"EQUALS", "a=b=c"},
                                                  {"UID", "12"},
                                                  {"PPID", "x"},
                                                  {"OPTIND", "no number"},
                                                  {"IFS", "abc"},
                                                  {"PERL5OPT", "-Mnone"},
                                                  {"ENV", "/nonexistent"},
                                                  {"BASH_ENV", "/nonexistent"},
                                                  {"PATH", "/app/bin:/usr/bin:/bin"},
                                                  {"HOME", "/app"},
                                                  {"_", "under"},
                                                  {"LD_PRELOAD", ""}};
  set(env);
  spec_.argv = {"/usr/bin/perl", "-e", "print join('', map { \"$_=$ENV{$_}\\0\" } sort keys %ENV)"};
  ProcessCommand command;
  std::map<std::string, std::string> tried = env;
  tried.erase("PERL5OPT");  // perl itself would obey it; whatever else is set must not disturb the shim
  set(tried);
  command.argv = sandbox_->command(spec_);
  const auto done = run(command);
  ASSERT_TRUE(done);
  std::string expected;
  for (const auto& [name, value] : tried) expected += name + "=" + value + '\0';
  expected.insert(expected.find("QUOTES="), std::string("PWD=/app") + '\0');
  EXPECT_EQ(done->out, expected) << done->err;
  set(env);
  spec_.argv = {"/usr/bin/env", "-0"};
  command.argv = sandbox_->command(spec_);
  EXPECT_THAT(run(command)->out, HasSubstr(std::string("\0PERL5OPT=-Mnone\0", 17)));
}

TEST_F(SandboxTest, nothing_of_the_outer_environment_comes_in) {
  ::setenv("SLUICE_TEST_OUTSIDE", "leak", 1);
  EXPECT_THAT(sh("env").out, Not(HasSubstr("leak")));
  ::unsetenv("SLUICE_TEST_OUTSIDE");
}

TEST_F(SandboxTest, values_stand_on_no_command_line) {
  const std::string value = "hush-" + std::to_string(getpid());
  set({{"TOKEN", value}, {"MARK", "1"}});
  spec_.argv = {"/bin/sh", "-c", "touch /app/up; exec sleep 600"};
  ProcessCommand command;
  command.argv = sandbox_->command(spec_);
  auto child = Child::start(command);
  ASSERT_TRUE(child);
  ASSERT_TRUE(eventually([&] { return fs::exists(dir_ / "app" / "up"); }));
  EXPECT_TRUE(processes_with(value).empty());
  EXPECT_FALSE(processes_with((dir_ / "env").string()).empty());  // so that the search is known to find something
}

TEST_F(SandboxTest, the_environment_folder_is_for_its_owner_only) {
  set({{"A", "1"}});
  set({{"B", "2"}});
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "env").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  for (const auto& entry : fs::directory_iterator(dir_ / "env")) {
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
  }
  EXPECT_EQ(sh("echo \"$A$B\"").out, "2\n");
}

TEST_F(SandboxTest, variables_that_cannot_be_passed_are_refused_by_name) {
  const fs::path env = dir_ / "env2";
  EXPECT_THAT(write_env_dir(env, {{"1A", "x"}}).error().message, HasSubstr("1A"));
  EXPECT_FALSE(write_env_dir(env, {{"", "x"}}));
  EXPECT_FALSE(write_env_dir(env, {{"A=B", "x"}}));
  const auto nul = write_env_dir(env, {{"KEY", std::string("sec\0ret", 7)}});
  ASSERT_FALSE(nul);
  EXPECT_THAT(nul.error().message, HasSubstr("KEY"));
  EXPECT_THAT(nul.error().message, Not(HasSubstr("sec")));
  EXPECT_FALSE(write_env_dir(env, {{"KEY", std::string(128 << 10, 'x')}}));
  std::map<std::string, std::string> many;
  for (int i = 0; i < 20; ++i) many["K" + std::to_string(i)] = std::string(64 << 10, 'x');
  set(many);
  EXPECT_EQ(sh("echo ${#K7}").out, "65536\n");
  for (int i = 20; i < 30; ++i) many["K" + std::to_string(i)] = std::string(64 << 10, 'x');
  EXPECT_EQ(write_env_dir(env, many).error().kind, ErrorKind::too_large);
}

// Starts the sandbox from a process that is then killed; true when what runs inside was ended by that.
TEST_F(SandboxTest, dies_with_its_parent_when_asked) {
  for (const bool asked : {true, false}) {
    spec_.die_with_parent = asked;
    const std::string mark = "98765." + std::to_string(getpid());
    spec_.argv = {"/bin/sh", "-c", "touch /app/up; exec sleep " + mark};
    const std::vector<std::string> argv = sandbox_->command(spec_);
    fs::remove(dir_ / "app" / "up");
    const pid_t parent = fork();
    if (parent == 0) {
      setsid();
      if (fork() == 0) {
        std::vector<char*> words;
        for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        execvp(words[0], words.data());
        _exit(1);
      }
      pause();
      _exit(0);
    }
    EXPECT_TRUE(eventually([&] { return fs::exists(dir_ / "app" / "up"); }));
    const std::vector<int> before = processes_with(mark);
    EXPECT_FALSE(before.empty());
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    if (asked) {
      EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }));
    } else {
      // Nothing announces that a process stays; its session is alive after another whole sandbox has come and gone.
      sh("true");
      EXPECT_FALSE(processes_with(mark).empty());
      for (const int pid : processes_with(mark)) kill(pid, SIGKILL);
      EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }));
    }
  }
}

TEST_F(SandboxTest, sigterm_reaches_the_program_and_waits_for_it) {
  const std::map<std::string, std::string> scripts = {
      {"handler", "trap 'echo bye > /app/bye; exit 3' TERM; touch /app/up; while :; do sleep 0.05; done"},
      {"behind a shell",
       "/usr/bin/perl -e '$SIG{TERM} = sub { system q(sleep 0.2; echo bye > /app/bye); exit 3 }; "
       "system q(touch /app/up); sleep 1 while 1'; exit $?"}};
  for (const auto& [what, script] : scripts) {
    fs::remove(dir_ / "app" / "up");
    fs::remove(dir_ / "app" / "bye");
    spec_.argv = {"/bin/sh", "-c", script};
    ProcessCommand command;
    command.argv = sandbox_->command(spec_);
    auto child = Child::start(command);
    ASSERT_TRUE(child);
    ASSERT_TRUE(eventually([&] { return fs::exists(dir_ / "app" / "up"); })) << what;
    kill(child->pid(), SIGTERM);
    EXPECT_EQ(child->wait(), 3) << what;
    EXPECT_TRUE(fs::exists(dir_ / "app" / "bye")) << what;
  }
}

// Every hundredth of the time that a sandbox takes to come and go.
TEST_F(SandboxTest, R8_1_what_is_ended_while_it_starts_leaves_nothing) {
  const std::string env_dir = (dir_ / "env").string();
  const auto step = took_to_come_and_go() / 100;
  spec_.argv = {"sleep", "100000"};
  for (int i = 0; i < 100; ++i) {
    ProcessCommand command;
    command.argv = sandbox_->command(spec_);
    auto child = Child::start(command);
    ASSERT_TRUE(child);
    std::this_thread::sleep_for(i * step);
    kill(child->pid(), SIGTERM);
    child->wait();
    ASSERT_TRUE(eventually([&] { return processes_with(env_dir).empty(); }, std::chrono::seconds(5)))
        << "of what was ended after " << i << " steps";
  }
}

TEST_F(SandboxTest, R9_1_what_is_killed_while_it_starts_is_found_by_its_environment_folder) {
  const std::string env_dir = (dir_ / "env").string();
  const auto step = took_to_come_and_go() / 100;
  spec_.argv = {"sleep", "100000"};
  for (int i = 0; i < 100; ++i) {
    ProcessCommand command;
    command.argv = sandbox_->command(spec_);
    auto child = Child::start(command);
    ASSERT_TRUE(child);
    std::this_thread::sleep_for(i * step);
    child->kill();
    child->wait();
    const auto gone = kill_users_of(env_dir);
    ASSERT_TRUE(gone) << gone.error().message;
    ASSERT_TRUE(processes_with(env_dir).empty()) << "of what was killed after " << i << " steps";
  }
}

TEST_F(SandboxTest, a_time_limit_ends_all_inside_also_what_ignores_sigterm) {
  const std::string mark = "87654." + std::to_string(getpid());
  spec_.argv = {"/bin/sh", "-c", "trap '' TERM; setsid sleep " + mark + " & sleep " + mark};
  ProcessCommand command;
  command.argv = sandbox_->command(spec_);
  command.time_limit = std::chrono::milliseconds(300);
  command.grace = std::chrono::milliseconds(200);
  const auto done = run(command);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->timed_out);
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }));
}

TEST_F(SandboxTest, what_is_left_behind_inside_ends_with_the_program) {
  const std::string mark = "76543." + std::to_string(getpid());
  EXPECT_EQ(sh("setsid sleep " + mark + " >/dev/null 2>&1 & exit 0").exit_code, 0);
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); }));
}

// As root the other tests run as root; this one walks the same way as the user `nobody`.
TEST_F(SandboxTest, runs_as_an_ordinary_user) {
  if (geteuid() != 0) GTEST_SKIP() << "this user is already an ordinary one";
  const fs::path home = dir_ / "user";
  fs::create_directory(home);
  ASSERT_EQ(chmod(dir_.c_str(), 0755), 0);
  ASSERT_EQ(chown(home.c_str(), 65534, 65534), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
    auto probed = Sandbox::probe(home / "etc");
    if (!probed) _exit(8);
    fs::create_directory(home / "app");
    if (!write_env_dir(home / "env", {{"NAME", "value"}})) _exit(7);
    Spec spec;
    spec.binds = {{home / "app", "/app", true}};
    spec.env_dir = home / "env";
    spec.limits.processes = 20;
    spec.argv = {"/bin/sh", "-c", "id -u > out; echo $NAME >> out; ls /root /var/lib 2>/dev/null >> out; true"};
    ProcessCommand command;
    command.argv = probed->command(spec);
    const auto done = run(command);
    if (!done || !done->ok()) _exit(6);
    spec.argv = {"/bin/sh", "-c", "for i in $(seq 40); do sleep 20 & done; echo all > all"};
    command.argv = probed->command(spec);
    const auto limited = run(command);
    _exit(!limited || limited->exit_code == 0 ? 5 : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(*read_file(home / "app" / "out"), "1000\nvalue\n");
  EXPECT_FALSE(fs::exists(home / "app" / "all"));
}

TEST(Probe, says_what_is_missing) {
  const std::string path = getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const auto probed = Sandbox::probe("/nonexistent");
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(probed);
  EXPECT_THAT(probed.error().message, HasSubstr("apt-get install bubblewrap"));
}

TEST(Probe, carries_the_remedy_where_namespaces_are_forbidden) {
  std::string dir = (fs::temp_directory_path() / "sluice-probe-XXXXXX").string();
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  std::ofstream(dir + "/bwrap") << "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n";
  chmod((dir + "/bwrap").c_str(), 0755);
  const std::string path = getenv("PATH");
  ::setenv("PATH", (dir + ":" + path).c_str(), 1);
  const auto probed = Sandbox::probe(dir + "/etc");
  ::setenv("PATH", path.c_str(), 1);
  fs::remove_all(dir);
  ASSERT_FALSE(probed);
  EXPECT_THAT(probed.error().message, HasSubstr("seccomp=unconfined"));
  EXPECT_THAT(probed.error().message, HasSubstr("No permissions"));
}

}  // namespace
}  // namespace sluice::sandbox
