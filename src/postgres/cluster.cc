#include "postgres/cluster.h"

#include <pwd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <thread>

#include "base/files.h"
#include "base/replace_file.h"
#include "postgres/names.h"
#include "postgres/port.h"
#include "postgres/settings.h"
#include "postgres/stale.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::postgres {
namespace {

constexpr Duration kInitLimit = 120s, kToolLimit = 10s, kLookLimit = 5s;
constexpr std::uint64_t kLeastSpace = 32u << 20;  // two segments of the write-ahead log

bool disk_is_full(const fs::path& dir) {
  struct statvfs info {};
  return ::statvfs(dir.c_str(), &info) == 0 && std::uint64_t{info.f_bavail} * info.f_frsize < kLeastSpace;
}

int number_in(const fs::path& file) {
  const auto text = read_file(file, 100);
  int number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

ProcessCommand tool(const Tools& tools, const char* program, std::vector<std::string> options, const fs::path& cwd,
                    Duration limit) {
  ProcessCommand command;
  command.argv = {tools.path(program)};
  for (auto& option : options) command.argv.push_back(std::move(option));
  command.env = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
  command.cwd = cwd.string();
  command.time_limit = limit;
  return command;
}

Result<bool> write_if_other(const fs::path& path, const std::string& text) {
  const auto there = read_file(path);
  if (there && *there == text) return false;
  if (auto written = replace_file(path, text, 0600); !written) return fail(written.error());
  return true;
}

bool has(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::open(Options options) {
  if (::geteuid() == 0) {
    return fail(ErrorKind::invalid, "PostgreSQL does not run as root: start this as an ordinary user");
  }
  std::error_code error;
  options.dir = fs::absolute(options.dir, error);
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(options)));
  if (auto ready = cluster->prepare(); !ready) return fail(ready.error().while_("starting the databases"));
  return cluster;
}

std::vector<std::string> Cluster::command() const {
  return {tools_.path("postgres"), "-D", "cluster", "-c", "config_file=postgresql.conf"};
}

Result<> Cluster::prepare() {
  for (const auto& folder : {dir_, dir_ / "run"}) {
    if (auto made = make_dirs(folder, 0700); !made) return made;
  }
  if (auto gone = remove_tree(dir_ / kCopies); !gone) return gone;  // of copies that were cut short
  const int made_by = number_in(dir_ / "cluster" / "PG_VERSION");
  auto tools = find_server(made_by);
  if (!tools) return fail(tools.error());
  tools_ = std::move(*tools);
  if (made_by == 0) {
    if (auto made = make_cluster(); !made) return made;
  }
  if (auto cleared = clear_stale_lock(dir_ / "cluster"); !cleared) return cleared;
  if (auto chosen = choose_port(); !chosen) return chosen;
  return write_settings();
}

// Beside, and renamed when it is whole. C.UTF-8 sorts by code points: no upgrade of the machine's locales can make an
// index wrong. Nobody but its owner may connect to the databases that PostgreSQL brings along.
Result<> Cluster::make_cluster() const {
  const fs::path made = dir_ / "cluster.new";
  if (auto gone = remove_tree(made); !gone) return gone;
  auto done = run(tool(tools_, "initdb",
                       {"-D", "cluster.new", "-U", kOwner, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
                        "--auth-local=peer", "--auth-host=reject", "--no-instructions"},
                       dir_, kInitLimit));
  if (!done) return fail(done.error());
  if (!done->ok()) {
    return disk_is_full(dir_) ? fail(explain(State::disk_full))
                              : fail(ErrorKind::failed, "initdb: " + first_complaint(done->err, {}));
  }
  auto single = tool(tools_, "postgres", {"--single", "-D", "cluster.new", "postgres"}, dir_, kInitLimit);
  single.input = "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;\n";
  done = run(single);
  if (!done) return fail(done.error());
  if (!done->ok() || has(done->err, "ERROR")) return fail(ErrorKind::failed, first_complaint(done->err, {}));
  std::error_code error;
  fs::rename(made, dir_ / "cluster", error);
  if (error) return fail(ErrorKind::failed, "cannot rename " + made.string() + ": " + error.message());
  return {};
}

Result<> Cluster::choose_port() {
  port_ = static_cast<std::uint16_t>(number_in(dir_ / "port"));
  const auto now = port_ == 0 ? State::down : state();
  if (now != State::down && now != State::disk_full) return {};
  const auto free = free_port(port_);
  if (!free) return fail(free.error());
  if (port_ == *free) return {};
  port_ = *free;
  return write_file(dir_ / "port", std::to_string(port_) + "\n", 0600);
}

Result<> Cluster::write_settings() {
  const auto* user = ::getpwuid(::geteuid());
  if (!user) return fail(ErrorKind::failed, "the user " + std::to_string(::geteuid()) + " has no name in /etc/passwd");
  for (const auto& [name, text] :
       {std::pair("postgresql.conf", render_settings(port_)), std::pair("pg_hba.conf", render_access()),
        std::pair("pg_ident.conf", render_users(user->pw_name))}) {
    auto written = write_if_other(dir_ / name, text);
    if (!written) return fail(written.error());
    changed_ = changed_ || *written;
  }
  return {};
}

Url Cluster::owner(const std::string& database) const { return {kSocketHere, port_, kOwner, "", database, {}}; }

State Cluster::state() const {
  const auto done = psql(tools_, owner(), "SELECT 1;\n", dir_ / "run", {kLookLimit, {}});
  if (!done) return State::down;
  if (done->ok()) return State::ready;
  if (done->timed_out) return State::slow;
  const auto& said = done->err;
  if (has(said, "in recovery mode")) return State::recovering;
  if (has(said, "shutting down")) return State::stopping;
  if (has(said, "too many clients") || has(said, "connection slots")) return State::crowded;
  if (has(said, "starting up") || has(said, "not yet accepting")) {
    // It says the same after a clean end and after a crash.
    const auto control = run(tool(tools_, "pg_controldata", {"-D", "cluster"}, dir_, kToolLimit));
    const bool clean = !control || !has(control->out, "state:") || has(control->out, "shut down");
    return clean ? State::starting : State::recovering;
  }
  return disk_is_full(dir_) ? State::disk_full : State::down;
}

Error Cluster::explain(State state) const {
  const auto text = [&]() -> std::string {
    switch (state) {
      case State::ready:
        return "the databases are ready";
      case State::starting:
        return "the databases are starting";
      case State::recovering:
        return "the databases are recovering from a crash; this can take minutes";
      case State::stopping:
        return "the databases are stopping";
      case State::down:
        return "the databases do not run; PostgreSQL's log says why";
      case State::disk_full:
        return "the databases do not run, and the disk is full: make room in " + dir_.string() +
               ", and they start by themselves";
      case State::slow:
        return "the databases do not answer: the machine or its disk is very busy";
      case State::crowded:
        return "all connections to the databases are in use";
    }
    return "";
  }();
  return {ErrorKind::unavailable, text, {}};
}

Error Cluster::explain(const Finished& done, const std::string& password) const {
  if (done.stopped) return {ErrorKind::cancelled, "it was cancelled", {}};
  if (done.timed_out) return {ErrorKind::timed_out, "it did not end within its time limit", {}};
  const auto& said = done.err;
  if (has(said, "No space left on device")) {
    return {ErrorKind::unavailable, "the disk is full: make room in " + dir_.string() + " and try again", {}};
  }
  for (auto* words : {"connection to server", "terminating connection", "server closed the connection"}) {
    if (!has(said, words)) continue;
    if (has(said, "too many connections for role")) {
      return {ErrorKind::unavailable, "the stage has all its connections in use: try again when there are fewer", {}};
    }
    if (auto now = state(); now != State::ready) return explain(now);
    if (has(said, "connection slots") || has(said, "too many clients")) return explain(State::crowded);
    return {ErrorKind::unavailable, "the connection to the database was lost: try again", {}};
  }
  return {ErrorKind::failed, "PostgreSQL says: " + first_complaint(said, password), {}};
}

Result<> Cluster::await(Duration at_most, std::stop_token stop) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  auto now = state();
  for (auto pause = 20ms; now != State::ready; pause = std::min(pause * 2, 200ms)) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "it was cancelled");
    if (std::chrono::steady_clock::now() >= until) return fail(explain(now));
    std::this_thread::sleep_for(pause);
    now = state();
  }
  const std::lock_guard lock(await_);
  if (changed_) {
    if (auto told = ask("SELECT pg_reload_conf();\n"); !told) return fail(told.error());
    changed_ = false;
  }
  if (tidied_) return {};
  if (auto done = tidy({}); !done) return done;
  tidied_ = true;
  return {};
}

}  // namespace sluice::postgres
