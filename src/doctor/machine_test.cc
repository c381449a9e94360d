#include "doctor/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/files.h"
#include "doctor/doctor.h"
#include "doctor/leftovers.h"
#include "store/store.h"
#include "supervise/supervisor.h"

// Every look, made to find something.
namespace sluice::doctor {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::uint64_t kGB = 1u << 30;

// One of 127.0.0.1 that the kernel picked, kept from others.
class Port {
 public:
  Port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    in_.sin_family = AF_INET;
    in_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in_;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&in_), size), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&in_), &size), 0);
  }
  ~Port() { ::close(fd_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  [[nodiscard]] std::uint16_t number() const { return ntohs(in_.sin_port); }
  void listen() const { EXPECT_EQ(::listen(fd_, 1), 0); }

 private:
  int fd_;
  sockaddr_in in_{};
};

class Machine : public testing::Test {
 protected:
  Machine() {
    std::string name = (fs::temp_directory_path() / "sluice-doctor-test-XXXXXX").string();
    dir = ::mkdtemp(name.data());
  }
  ~Machine() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
    (void)remove_tree(dir);
  }
  // As on a machine where nothing is installed.
  void hide_programs() {
    path_ = ::getenv("PATH");
    ::setenv("PATH", dir.c_str(), 1);
  }
  fs::path dir;

 private:
  std::string path_;
};

TEST_F(Machine, a_disk_that_is_nearly_full_is_said) {
  EXPECT_EQ(free_space(50 * kGB, 100 * kGB).severity, Severity::ok);
  EXPECT_EQ(free_space(9 * kGB, 100 * kGB).severity, Severity::warning);
  EXPECT_EQ(free_space(kGB, 4 * kGB).severity, Severity::warning);
  const auto full = free_space(kGB / 4, 100 * kGB);
  EXPECT_EQ(full.severity, Severity::problem);
  EXPECT_THAT(full.detail, HasSubstr("256 MB of 100 GB"));
  EXPECT_NE(full.remedy, "");
  EXPECT_THAT(free_space(dir).detail, HasSubstr("are free"));
  EXPECT_EQ(free_space(dir / "nowhere").severity, Severity::problem);
}

TEST_F(Machine, a_folder_that_cannot_be_written_is_said) {
  EXPECT_EQ(writable(dir).severity, Severity::ok);
  EXPECT_TRUE(fs::is_empty(dir));
  const auto found = writable("/proc");  // not by root either
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("/proc cannot be written"));
}

TEST_F(Machine, a_damaged_database_is_said) {
  { ASSERT_TRUE(store::Store::open(dir)); }
  EXPECT_EQ(database(dir).severity, Severity::ok) << database(dir).detail;
  ASSERT_TRUE(write_file(dir / "sluice.db", std::string(5000, 'x')));
  const auto found = database(dir);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("is damaged"));
  EXPECT_THAT(found.remedy, HasSubstr("Put your last copy"));
}

TEST_F(Machine, a_key_that_others_may_read_or_that_is_gone_is_said) {
  EXPECT_THAT(key_file(dir).detail, HasSubstr("cannot be found"));
  ASSERT_TRUE(write_file(dir / "secret.key", "x", 0600));
  EXPECT_EQ(key_file(dir).severity, Severity::ok);
  ASSERT_EQ(::chmod((dir / "secret.key").c_str(), 0640), 0);
  EXPECT_EQ(key_file(dir).severity, Severity::problem);
  EXPECT_THAT(key_file(dir).detail, HasSubstr("mode 0640"));
  EXPECT_THAT(key_file(dir).remedy, HasSubstr("chmod 600"));
}

TEST_F(Machine, a_program_that_is_missing_is_named_with_its_package) {
  EXPECT_THAT(programs().detail, AllOf(HasSubstr("git 2."), HasSubstr("haproxy "), HasSubstr("s6-svscan")));
  EXPECT_EQ(programs().severity, Severity::ok);
  hide_programs();
  const auto found = programs();
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, AllOf(HasSubstr("git"), HasSubstr("bwrap")));
  EXPECT_THAT(found.remedy, HasSubstr("apt-get install git bubblewrap haproxy s6 lighttpd"));
}

TEST_F(Machine, a_sandbox_that_cannot_be_made_is_said) {
  EXPECT_EQ(sandboxes().severity, Severity::ok) << sandboxes().detail;
  hide_programs();
  const auto found = sandboxes();
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("The program bwrap is not installed"));
  EXPECT_EQ(found.remedy, "Run `apt-get install bubblewrap`.");
}

TEST_F(Machine, a_kernel_without_the_rule_of_ports_is_said) {
  EXPECT_EQ(sandboxes(sandbox::Fence{true, true}).severity, Severity::ok);
  EXPECT_EQ(sandboxes(sandbox::Fence{true, false}).severity, Severity::ok);
  const auto found = sandboxes(sandbox::Fence{});
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("the port of another"));
  EXPECT_THAT(found.remedy, HasSubstr("Linux 6.7"));
}

TEST_F(Machine, a_cloud_s_credentials_within_reach_of_apps_are_said) {
  const Port port;
  EXPECT_EQ(metadata("127.0.0.1", port.number()).severity, Severity::ok) << "nobody listens";
  port.listen();
  const auto found = metadata("127.0.0.1", port.number());
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("127.0.0.1 answers"));
  EXPECT_THAT(found.remedy, HasSubstr("-d 127.0.0.1 -m owner --uid-owner "));
}

// A stage that is deleted may leave nothing; what it left is found, in every region, and what is new is given time.
TEST_F(Machine, what_is_left_of_deleted_stages_is_said) {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  pipeline::Stack stack;
  stack.stages.resize(1);
  stack.stages[0].id = {"stg_known"};
  stack.leaving.resize(1);
  stack.leaving[0].id = {"stg_leaving"};
  const Stacks stacks{std::make_shared<const pipeline::Stack>(stack)};
  for (const char* folder : {"stages/stg_known/dep_1", "stages/stg_leaving/dep_2", "s6/services/dep_1.0.4000",
                             "s6/services/dep_2.1.4001", "s6/services/gateway"})
    fs::create_directories(dir / folder);
  EXPECT_EQ(leftovers(dir, stacks, now + 1h).severity, Severity::ok) << leftovers(dir, stacks, now + 1h).detail;
  fs::create_directories(dir / "stages/stg_fenced");
  ASSERT_TRUE(write_file(dir / "stages/stg_fenced/fence", "3"));
  EXPECT_EQ(leftovers(dir, stacks, now + 1h).severity, Severity::ok) << "it keeps late effects out (R9.3)";
  fs::create_directories(dir / "regions/eu/stages/stg_gone/dep_3");
  EXPECT_EQ(leftovers(dir, stacks, now).severity, Severity::ok) << "it may be about to go";
  auto found = leftovers(dir, stacks, now + 1h);
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_EQ(found.detail, "This is left of what was deleted: " + (dir / "regions/eu/stages/stg_gone").string() + ".");
  EXPECT_THAT(found.remedy, HasSubstr("Restart the server"));
  fs::create_directories(dir / "s6/services/dep_4.0.4002");
  found = leftovers(dir, stacks, now + 1h);
  EXPECT_THAT(found.detail, AllOf(HasSubstr("dep_4.0.4002"), HasSubstr("and 1 more")));
}

TEST_F(Machine, the_database_that_a_forced_deletion_left_is_named_with_what_removes_it) {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  pipeline::Stack stack;
  stack.stages.resize(1);
  stack.stages[0].id = {"stg_known"};
  const Stacks stacks{std::make_shared<const pipeline::Stack>(stack)};
  for (const char* stage : {"stg_known", "stg_gone"}) {
    fs::create_directories(dir / "databases/stages");
    ASSERT_TRUE(write_file(dir / "databases/stages" / stage, ""));
  }
  fs::create_directories(dir / "databases/postgres/cluster");
  ASSERT_TRUE(write_file(dir / "databases/postgres/port", "5433\n"));
  ASSERT_TRUE(write_file(dir / "databases/postgres/cluster/PG_VERSION", "15\n"));
  EXPECT_EQ(leftovers(dir, stacks, now).severity, Severity::ok) << "it may be about to go";
  const auto found = leftovers(dir, stacks, now + 1h);
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_EQ(found.detail, "The database stg_gone is left, of a stage whose deletion was forced.");
  EXPECT_THAT(found.remedy, HasSubstr("`cd '" + (dir / "databases/postgres/run").string() +
                                      "' && /usr/lib/postgresql/15/bin/dropdb --force --if-exists "));
  EXPECT_THAT(found.remedy, HasSubstr(" && rm ../../stages/stg_gone`."));
}

TEST_F(Machine, what_could_not_be_looked_at_is_said) {
  // A file in the place of a folder is closed to root, too.
  for (const char* file : {"stages", "s6", "gateway", "databases"}) ASSERT_TRUE(write_file(dir / file, "", 0600));
  const auto left = leftovers(dir, {}, {});
  EXPECT_EQ(left.severity, Severity::warning);
  EXPECT_EQ(left.detail, "It did not look into " + (dir / "stages").string() + " (Not a directory) and 2 more.");
  EXPECT_THAT(left.remedy, HasSubstr("the user the server runs as"));
  for (const auto& [found, folder] :
       {std::pair(supervisor(dir), "s6"), std::pair(gateway(dir), "gateway"), std::pair(databases(dir), "databases")}) {
    EXPECT_EQ(found.severity, Severity::warning) << folder;
    EXPECT_EQ(found.detail, "It did not look, as " + (dir / folder).string() + " cannot be read: Permission denied.");
    EXPECT_THAT(found.remedy, HasSubstr("Look as root")) << folder;
  }
}

TEST_F(Machine, a_name_that_does_not_resolve_is_said) {
  EXPECT_EQ(names("localhost").severity, Severity::ok);
  const auto found = names("no-such-machine.invalid");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("*.localhost"));
}

TEST_F(Machine, a_supervisor_that_does_not_run_is_said) {
  EXPECT_EQ(supervisor(dir).severity, Severity::problem);
  ASSERT_TRUE(supervise::Supervisor::ensure(dir / "s6"));
  EXPECT_EQ(supervisor(dir).severity, Severity::ok);
  ASSERT_TRUE(supervise::Supervisor::down(dir / "s6", 1s));
  EXPECT_EQ(supervisor(dir).severity, Severity::problem);
}

TEST_F(Machine, a_gateway_that_does_not_answer_is_said) {
  const auto found = gateway(dir);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("no app can be reached"));
}

TEST_F(Machine, a_gateway_whose_port_somebody_else_took_is_said) {
  const Port port;
  port.listen();
  fs::create_directories(dir / "gateway");
  ASSERT_TRUE(write_file(dir / "gateway" / "port", std::to_string(port.number()) + "\n"));
  const auto found = gateway(dir);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("something listens on its port " + std::to_string(port.number())));
  EXPECT_THAT(found.remedy, HasSubstr("--gateway"));
}

TEST_F(Machine, databases_that_do_not_run_are_said) {
  EXPECT_EQ(databases(dir).severity, Severity::ok);
  EXPECT_THAT(databases(dir).detail, HasSubstr("No stage"));
  fs::create_directories(dir / "databases" / "postgres" / "cluster");
  EXPECT_EQ(databases(dir).severity, Severity::problem) << "no port is known";
  const Port port;
  ASSERT_TRUE(write_file(dir / "databases" / "postgres" / "port", std::to_string(port.number()) + "\n"));
  EXPECT_EQ(databases(dir).severity, Severity::problem) << "nobody listens";
  port.listen();
  EXPECT_EQ(databases(dir).severity, Severity::ok);
}

TEST_F(Machine, all_is_looked_at_once_and_every_finding_has_its_remedy) {
  std::set<std::string> seen;
  for (const auto& one : examine(dir, Server{"http://0.0.0.0:1", "0.0.0.0:2", {}, {}, {}, {}})) {
    EXPECT_TRUE(seen.insert(one.id).second) << one.id;
    EXPECT_NE(one.title, "") << one.id;
    EXPECT_TRUE(one.detail.ends_with('.')) << one.id << ": " << one.detail;
    EXPECT_EQ(one.remedy.empty(), one.severity == Severity::ok) << one.id;
  }
  EXPECT_EQ(seen, (std::set<std::string>{"space",   "data",   "database",     "key",     "programs",  "sandbox",
                                         "limits",  "names",  "supervisor",   "gateway", "databases", "backups",
                                         "reach",   "clock",  "stages",       "apps",    "leftovers", "metadata",
                                         "waiting", "tokens", "certificates", "regions", "artifacts", "repositories"}));
}

}  // namespace
}  // namespace sluice::doctor
