#include "supervise/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <map>
#include <system_error>
#include <thread>

#include "base/files.h"
#include "base/proc.h"
#include "base/process.h"
#include "base/replace_file.h"
#include "supervise/s6.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::supervise {
namespace {

constexpr const char* kMostServices = "20000";
constexpr Duration kToolLimit = 10s;

std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_line(const std::vector<std::string>& argv) {
  std::string out;
  for (const auto& arg : argv) out += (out.empty() ? "" : " ") + shell_word(arg);
  return out;
}

// Services must not inherit what stands in the server's own environment, which may be secret.
std::map<std::string, std::string> plain_environment() {
  const char* path = ::getenv("PATH");
  return {{"PATH", path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
          {"LANG", "C.UTF-8"},
          {"TZ", "UTC"}};
}

Result<Finished> tool(std::vector<std::string> argv, Duration limit = kToolLimit, std::stop_token stop = {}) {
  ProcessCommand command;
  command.argv = std::move(argv);
  command.env = plain_environment();
  command.time_limit = limit;
  command.stop = std::move(stop);
  command.grace = 100ms;
  return run(command);
}

// s6 programs read their orders from a FIFO; one that can be opened for writing has its reader.
bool has_reader(const fs::path& fifo) {
  int fd = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

template <class Condition>
bool wait_for(Duration at_most, Condition condition) {
  auto until = std::chrono::steady_clock::now() + at_most;
  for (auto pause = 1ms; !condition(); pause = std::min(pause * 2, 20ms)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

// The beginning of a run script. What it runs ends when its s6-supervise is killed: two at once would share a port, or
// what they both write. A parent that is gone before that is asked for is not heard of, so it is looked at afterwards.
std::string bound(const std::string& signal) {
  return "if [ \"$SLUICE_BOUND\" ]; then\n"
         "  unset SLUICE_BOUND\n"
         "  read -r parent <\"/proc/$PPID/comm\" && [ \"$parent\" = s6-supervise ] || exit 111\n"
         "else\n"
         "  export SLUICE_BOUND=1\n"
         "  exec setpriv --pdeathsig " +
         signal + " -- \"$0\"\nfi\n";
}

struct File {
  std::string text;
  int mode = 0644;
};

// All that s6 reads of a service, by its path in the service's folder.
std::map<fs::path, File> files_of(const Service& service) {
  std::map<fs::path, File> out;
  const bool logged = !service.log_dir.empty();
  const std::string dies_by = service.down_signal.empty() ? "KILL" : service.down_signal.substr(3);
  std::string script = "#!/bin/sh\n" + bound(dies_by) + "exec 2>&1";
  script += logged ? "\n" : " >/dev/null\n";
  if (!service.cwd.empty()) script += "cd " + shell_word(service.cwd.string()) + " || exit 111\n";
  out["run"] = {script + "exec " + shell_line(service.argv) + "\n", 0755};
  if (!service.down_signal.empty()) out["down-signal"] = {service.down_signal + "\n"};
  if (service.waits) out["down"] = {};
  if (!logged) return out;
  const std::vector<std::string> logger{"s6-log",
                                        "-b",
                                        "-l",
                                        std::to_string(kLongestLine),
                                        "n" + std::to_string(service.log_files),
                                        "s" + std::to_string(service.log_bytes),
                                        "T",
                                        service.log_dir.string()};
  out["log/run"] = {"#!/bin/sh\n" + bound("TERM") + "exec " + shell_line(logger) + "\n", 0755};
  return out;
}

Result<> write_files(const fs::path& folder, const std::map<fs::path, File>& files) {
  for (const auto& [path, file] : files) {
    if (auto dirs = make_dirs((folder / path).parent_path()); !dirs) return dirs;
    if (auto written = replace_file(folder / path, file.text, file.mode); !written) return written;
  }
  return {};
}

}  // namespace

bool Supervisor::running(const fs::path& dir) { return has_reader(dir / "scan" / ".s6-svscan" / "control"); }

Result<Supervisor> Supervisor::ensure(const fs::path& dir) {
  if (!program_exists("s6-svscan")) {
    return fail(ErrorKind::failed, "s6-svscan is not installed: install the package s6 and start again");
  }
  std::error_code ignored;
  Supervisor supervisor(fs::absolute(dir, ignored));
  for (const auto& folder : {supervisor.scan(), supervisor.dir_ / "services"}) {
    if (auto made = make_dirs(folder, 0700); !made) return fail(made.error().while_("starting the supervisor"));
  }
  if (running(supervisor.dir_)) return supervisor;
  // A session of its own, no inherited descriptors: nothing that ends the server ends what it supervises (R9.2). The
  // shell stays until the new session answers, because run() ends what is left of the shell's own. What a shell starts
  // with & ignores SIGINT, and so would every service.
  std::string script = "umask 022; ulimit -n \"$(ulimit -Hn)\"; cd " + shell_word(supervisor.dir_.string()) +
                       " || exit 1; setsid env --default-signal=INT,QUIT s6-svscan -c " + kMostServices +
                       " scan </dev/null >svscan.log 2>&1 & "
                       "n=0; until s6-svscanctl -z " +
                       shell_word(supervisor.scan().string()) +
                       " 2>/dev/null; do n=$((n+1)); [ $n -gt 500 ] && exit 1; sleep 0.01; done";
  auto started = tool({"/bin/sh", "-c", script});
  if (!started) return fail(started.error());
  if (!started->ok() || !running(supervisor.dir_)) {
    auto said = read_file(supervisor.dir_ / "svscan.log", 4096);
    return fail(ErrorKind::failed, "the supervisor of " + supervisor.dir_.string() +
                                       " does not start: " + (said && !said->empty() ? *said : started->err));
  }
  return supervisor;
}

Result<> Supervisor::define(const Service& service) const {
  assert(!service.name.empty() && service.name.find('/') == std::string::npos && service.name[0] != '.');
  fs::path made = dir_ / "services" / (".new-" + service.name);
  if (auto gone = remove_tree(made); !gone) return gone;
  if (auto written = write_files(made, files_of(service)); !written) return written;
  if (!service.log_dir.empty()) {
    if (auto dirs = make_dirs(service.log_dir); !dirs) return dirs;
  }
  std::error_code error;
  if (auto gone = remove_tree(folder(service.name)); !gone) return gone;
  fs::rename(made, folder(service.name), error);
  if (error) return fail(ErrorKind::failed, "cannot make the service " + service.name + ": " + error.message());
  return {};
}

void Supervisor::renew(const Service& service) const {
  const auto its = folder(service.name);
  const auto wanted = files_of(service);
  std::map<fs::path, File> stale;
  for (const auto& [path, file] : wanted) {
    const auto there = read_file(its / path, file.text.size() + 1);
    if (!there || *there != file.text) stale[path] = file;
  }
  // What is there works, too: where it cannot be written, the next add() tries again.
  if (!write_files(its, stale)) return;
  std::error_code error;
  for (const fs::path& part : {fs::path(), fs::path("log")}) {
    for (fs::directory_iterator it(its / part, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->is_regular_file(ignored) && !wanted.contains(part / it->path().filename()))
        fs::remove(it->path(), ignored);
    }
  }
}

Result<> Supervisor::add(const std::vector<Service>& services) const {
  // Killed a moment ago: who watches it starts it again.
  if (!wait_for(5s, [&] { return running(dir_); })) {
    return fail(ErrorKind::unavailable, "the supervisor of " + dir_.string() + " does not run");
  }
  std::vector<std::string> down;
  for (const auto& service : services) {
    std::error_code error;
    bool linked = fs::is_symlink(scan() / service.name, error);
    if (linked && has(service.name)) {
      renew(service);
      down.push_back(service.name);
      continue;
    }
    if (auto defined = define(service); !defined) return fail(defined.error().while_("defining " + service.name));
    if (service.waits) down.push_back(service.name);
    if (!linked) fs::create_symlink(fs::path("../services") / service.name, scan() / service.name, error);
    if (!linked && error)
      return fail(ErrorKind::failed, "cannot add the service " + service.name + ": " + error.message());
  }
  if (auto told = s6::control_all(scan(), "a"); !told) return told;
  return control("u", down);
}

bool Supervisor::has(const std::string& name) const {
  std::error_code error;
  return fs::exists(folder(name) / "run", error);
}

std::vector<std::string> Supervisor::names() const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(dir_ / "services", error), end; !error && it != end; it.increment(error)) {
    auto name = it->path().filename().string();
    if (name[0] != '.') found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Status> Supervisor::status(const std::string& name) const {
  if (!has(name)) return fail(ErrorKind::not_found, "there is no service " + name);
  return s6::status(folder(name));
}

int Supervisor::pid(const std::string& name) const { return s6::pid(folder(name)); }

bool Supervisor::is_left_over(const std::string& name) const {
  std::error_code error;
  return has(name) && !fs::is_symlink(scan() / name, error) && !has_reader(folder(name) / "supervise" / "control");
}

Result<> Supervisor::control(const char* letters, const std::vector<std::string>& names) const {
  for (const auto& name : names) {
    if (!has(name) || is_left_over(name)) continue;
    // Just added: its s6-supervise may be a moment away.
    wait_for(5s, [&] { return has_reader(folder(name) / "supervise" / "control"); });
    if (auto told = s6::control(folder(name), letters); !told) return told;
  }
  return {};
}

Result<> Supervisor::dismiss(const std::vector<std::string>& names) const { return control("d", names); }

bool Supervisor::any_up(const std::vector<std::string>& names) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    auto now = status(name);
    return now && now->up;
  });
}

Result<> Supervisor::stop(const std::vector<std::string>& names, Duration grace, std::stop_token hurry) const {
  std::vector<std::string> there;
  for (const auto& name : names) {
    if (has(name) && !is_left_over(name)) there.push_back(name);
  }
  if (there.empty()) return {};
  // Looked at before anything ends: what a service put into a session of its own has no parent to be found by later.
  std::vector<proc::Process> theirs;
  auto note_processes = [&]() -> Result<> {
    const auto all = proc::all();
    for (const auto& name : there) {
      auto now = status(name);
      if (!now) return fail(now.error());
      if (now->pid == 0) continue;
      for (const auto& process : proc::descendants(all, now->pid)) theirs.push_back(process);
    }
    return {};
  };
  if (auto noted = note_processes(); !noted) return noted;
  if (auto asked = dismiss(there); !asked) return asked;
  std::vector<std::string> wait{"s6-svwait", "-d", "-t", std::to_string(std::max<long>(grace.count(), 1))};
  for (const auto& name : there) wait.push_back(folder(name).string());
  auto waited = tool(wait, grace + 5s, hurry);
  if (!waited) return fail(waited.error());
  if (!waited->ok()) {
    if (auto noted = note_processes(); !noted) return noted;
    if (auto ended = control("dk", there); !ended) return ended;
    wait[3] = "10000";
    waited = tool(wait, 15s);
    if (!waited) return fail(waited.error());
  }
  for (const auto& process : theirs) proc::send(process, SIGKILL);
  bool gone = wait_for(5s, [&] { return std::none_of(theirs.begin(), theirs.end(), proc::alive); });
  if (!waited->ok() || !gone) {
    return fail(ErrorKind::failed, "a process does not end, not even when killed: of " + there[0]);
  }
  return {};
}

Result<> Supervisor::remove(const std::vector<std::string>& names, Duration grace, std::stop_token hurry) const {
  if (!running(dir_)) {
    return fail(ErrorKind::unavailable, "the supervisor of " + dir_.string() + " does not run");
  }
  if (auto stopped = stop(names, grace, hurry); !stopped) return stopped;
  std::vector<fs::path> supervised;
  for (const auto& name : names) {
    std::error_code error;
    fs::remove(scan() / name, error);
    supervised.push_back(folder(name));
    if (fs::exists(folder(name) / "log", error)) supervised.push_back(folder(name) / "log");
  }
  if (auto pruned = s6::control_all(scan(), "an"); !pruned) return pruned;
  auto fifo = [](const fs::path& dir) { return dir / "supervise" / "control"; };
  for (const auto& dir : supervised) {
    // Also one whose s6-svscan was killed and which the present one does not know.
    bool logger = dir.filename() == "log";
    if (has_reader(fifo(dir))) {
      (void)s6::control(dir, logger ? "x" : "xd");  // gone meanwhile: that is what is wanted
    }
    if (!wait_for(5s, [&] { return !has_reader(fifo(dir)); }) && logger) {
      (void)s6::control(dir, "xd");
      wait_for(5s, [&] { return !has_reader(fifo(dir)); });
    }
    if (has_reader(fifo(dir))) return fail(ErrorKind::failed, "the supervisor of " + dir.string() + " does not end");
  }
  for (const auto& name : names) {
    if (auto gone = remove_tree(folder(name)); !gone) return gone;
  }
  return {};
}

Result<> Supervisor::down(const fs::path& dir, Duration grace, const std::vector<std::string>& first,
                          const std::vector<std::string>& last) {
  std::error_code ignored;
  Supervisor supervisor(fs::absolute(dir, ignored));
  if (!running(supervisor.dir_)) return {};
  // One that is just being removed has nobody to listen any more, and is down. Whatever a service says, the rest ends.
  auto listening = [&](std::vector<std::string> names) {
    std::erase_if(
        names, [&](const std::string& name) { return !has_reader(supervisor.folder(name) / "supervise" / "control"); });
    return names;
  };
  Result<> stopped;
  for (int tries = 0; tries < 3; ++tries) {
    auto others = supervisor.names();
    std::erase_if(others,
                  [&](const std::string& name) { return std::find(last.begin(), last.end(), name) != last.end(); });
    stopped = supervisor.stop(listening(first), grace);
    for (const auto& names : {others, last}) {
      if (auto rest = supervisor.stop(listening(names), grace); !rest) stopped = rest;
    }
    if (stopped) break;
  }
  if (auto told = s6::control_all(supervisor.scan(), "t"); !told) return told;
  if (!wait_for(15s, [&] { return !running(supervisor.dir_); })) {
    return fail(ErrorKind::failed, "the supervisor of " + supervisor.dir_.string() + " does not end");
  }
  return stopped;
}

}  // namespace sluice::supervise
