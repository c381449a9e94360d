#pragma once
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/files.h"
#include "base/process.h"
#include "postgres/client.h"
#include "postgres/cluster.h"
#include "postgres/quote.h"

// A real PostgreSQL for one test.
namespace sluice::postgres {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// PostgreSQL does not run as root: this process becomes another user for good.
inline void be_an_ordinary_user() {
  if (::geteuid() != 0) return;
  uid_t uid = 65534;
  gid_t gid = 65534;
  if (const auto* user = ::getpwnam("sluice")) {
    uid = user->pw_uid;
    gid = user->pw_gid;
  }
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresgid(gid, gid, gid), 0);
  ASSERT_EQ(::setresuid(uid, uid, uid), 0);
}

// In memory where there is room: making a cluster is hundreds of fsyncs, and no test pulls the
// plug of the machine.
inline fs::path temporary_folder() {
  struct statvfs info {};
  const bool room = ::statvfs("/dev/shm", &info) == 0 && info.f_bavail * info.f_frsize > (400u << 20) &&
                    ::access("/dev/shm", W_OK) == 0;
  std::string name = std::string(room ? "/dev/shm" : "/tmp") + "/sluice-pg-XXXXXX";
  return ::mkdtemp(name.data()) ? name : "";
}

template <class Condition>
bool eventually(Condition condition, Duration at_most = 20s) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

inline std::string good(const Result<>& done) { return done ? "" : done.error().message; }

class ClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    be_an_ordinary_user();
    ::signal(SIGPIPE, SIG_IGN);
    dir_ = temporary_folder();
    ASSERT_FALSE(dir_.empty());
    open();
    if (cluster_) start();
  }
  void TearDown() override {
    stop();
    EXPECT_TRUE(remove_tree(dir_));
  }
  virtual fs::path place() const { return dir_ / "postgres"; }
  void open() {
    auto opened = Cluster::open({place()});
    ASSERT_TRUE(opened) << opened.error().message;
    cluster_ = std::move(*opened);
  }
  // As a supervisor would: it starts until it stays, as it refuses to while something of a killed one is left.
  void start() {
    ProcessCommand command;
    command.argv = {"sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", (dir_ / "log").string()};
    for (const auto& word : cluster_->command()) command.argv.push_back(word);
    command.cwd = cluster_->folder().string();
    Result<> up;
    for (int tries = 0; tries < 50; ++tries) {
      server_.reset();
      auto started = Child::start(command);
      ASSERT_TRUE(started) << started.error().message;
      server_.emplace(std::move(*started));
      up = cluster_->await(300ms);
      while (!up && runs()) {
        up = cluster_->await(300ms);
      }
      if (up) return;
    }
    FAIL() << up.error().message << "\n" << log();
  }
  void stop(int signal = Cluster::kStopSignal) {
    if (!server_) return;
    ::kill(server_->pid(), signal);
    server_->wait();
    server_.reset();
  }
  bool runs() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(server_->pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }
  std::string log() const { return read_file(dir_ / "log").value_or(""); }

  // As whom the URL says, in a database; what psql prints, or its complaint.
  std::string as(Url who, const std::string& statements, const std::string& database = {}) const {
    if (!database.empty()) who.database = database;
    auto done = psql(*find_client(), who, statements, cluster_->folder() / "run", {30s, {}});
    if (!done) return done.error().message;
    std::string text = done->ok() ? done->out : first_complaint(done->err, {});
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::string as_owner(const std::string& statements, const std::string& database = "postgres") const {
    return as({kSocketHere, cluster_->port(), "sluice", "", database, {}}, statements);
  }
  Url stage(const std::string& name, const std::string& password = "secret") {
    EXPECT_EQ(good(cluster_->ensure(name, password)), "");
    return cluster_->url(name, password);
  }

  fs::path dir_;
  std::unique_ptr<Cluster> cluster_;
  std::optional<Child> server_;
};

}  // namespace sluice::postgres
