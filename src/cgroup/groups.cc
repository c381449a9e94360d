#include "cgroup/groups.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <set>
#include <sstream>
#include <thread>

#include "base/digest.h"
#include "base/files.h"
#include "base/process.h"
#include "base/size.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::cgroup {

const char* const kRemedy =
    "Start the server as root, which makes it cgroups of its own before it becomes the user `sluice`; or, as a user of "
    "a machine with systemd, by `systemd-run --user --scope sluice serve`.";

namespace {

constexpr const char* kControllers[] = {"memory", "cpu", "pids"};
constexpr const char* kServerGroup = "server";
constexpr std::int64_t kPeriod = 100'000;  // microseconds, the kernel's default

std::string name_of(const fs::path& data) {
  return "sluice-" + sha256_hex(fs::weakly_canonical(data).string()).substr(0, 12);
}

// cgroup files take one write of the whole, and are never made.
bool put(const fs::path& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool good = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return good;
}

bool is_mine(const fs::path& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

bool make(const fs::path& folder) { return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST; }

std::set<std::string> words(const fs::path& file) {
  std::istringstream text(read_file(file).value_or(""));
  std::set<std::string> out;
  for (std::string word; text >> word;) out.insert(word);
  return out;
}

// One by one: a controller that is not there must not keep the others away.
void pass_down(const fs::path& folder) {
  for (const char* controller : kControllers) {
    if (words(folder / "cgroup.subtree_control").contains(controller)) continue;
    (void)put(folder / "cgroup.subtree_control", std::string("+") + controller);
  }
}

void give(const fs::path& folder, uid_t uid, gid_t gid) {
  for (const char* what : {"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "tasks"}) {
    const auto ignored = ::chown((*what == '\0' ? folder : folder / what).c_str(), uid, gid);
    (void)ignored;
  }
}

bool has_controllers(const fs::path& v2) { return !v2.empty() && words(v2 / "cgroup.controllers").contains("memory"); }

// In v2 a group whose controllers are passed down has no processes of its own, so the server's is a child.
void make_subtree_v2(const fs::path& subtree, bool enter) {
  make(subtree);
  if (enter && make(subtree / kServerGroup)) (void)put(subtree / kServerGroup / "cgroup.procs", "0");
}

bool can_be_entered(const fs::path& subtree) {
  const auto tried = subtree / fmt::format("try.{}", ::getpid());
  if (!make(tried)) return false;
  ProcessCommand command;
  command.argv = {"/bin/sh", "-c", "echo 0 >\"$1/cgroup.procs\"", "sh", tried.string()};
  const auto entered = run(command);
  for (int tries = 0; ::rmdir(tried.c_str()) != 0 && errno == EBUSY && tries < 100; ++tries)
    std::this_thread::sleep_for(1ms);
  return entered && entered->ok();
}

fs::path note(const fs::path& data) { return data / "cgroups"; }

std::set<fs::path> noted(const fs::path& data) {
  std::set<fs::path> out;
  std::istringstream lines(read_file(note(data)).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("/")) out.insert(line);
  }
  return out;
}

void sweep_folder(const fs::path& subtree) {
  std::error_code error;
  for (fs::directory_iterator it(subtree, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) (void)::rmdir(it->path().c_str());
  }
}

// Whose data directory is gone, as of a test's server: nobody would ask for its removal any more. Root's alone.
constexpr const char* kOwner = "trusted.sluice";

void sign(const fs::path& subtree, const fs::path& data) {
  const auto path = fs::weakly_canonical(data).string();
  (void)::setxattr(subtree.c_str(), kOwner, path.data(), path.size(), 0);
}

void remove_orphans(const fs::path& mount) {
  std::error_code error;
  for (fs::directory_iterator it(mount, error), end; !error && it != end; it.increment(error)) {
    char path[4096];
    if (!it->path().filename().string().starts_with("sluice-")) continue;
    const auto size = ::getxattr(it->path().c_str(), kOwner, path, sizeof path);
    std::error_code unknown;
    if (size <= 0 || fs::exists(std::string(path, static_cast<std::size_t>(size)), unknown) || unknown) continue;
    sweep_folder(it->path());
    (void)::rmdir(it->path().c_str());
  }
}

std::int64_t count_in(const fs::path& file, const std::string& key) {
  std::istringstream lines(read_file(file).value_or(""));
  std::string word;
  for (std::int64_t number = 0; lines >> word >> number;) {
    if (word == key) return number;
  }
  return 0;
}

Error no_groups(const Mounts& mounts) {
  const bool any = mounts.v1.contains("memory") || has_controllers(mounts.v2);
  return Error{ErrorKind::unavailable,
               any ? "the server was started without the right to divide this machine's cgroups"
                   : "this machine has no cgroup controller for memory",
               {}};
}

}  // namespace

std::string memory_sentence(const Limits& limits) {
  return "used more than its " + size_text(limits.memory) + " of memory and was ended";
}

std::string processes_sentence(const Limits& limits) {
  return fmt::format("wanted more than its {} processes, and was refused them", limits.processes);
}

void prepare(const fs::path& data, uid_t uid, gid_t gid, const Mounts& mounts) {
  const auto name = name_of(data);
  for (const auto& [controller, mount] : mounts.v1) {
    remove_orphans(mount);
    if (!make(mount / name)) continue;
    sign(mount / name, data);
    give(mount / name, uid, gid);
  }
  if (!has_controllers(mounts.v2)) return;
  // Entered first: in a container whose only process this is, the top can pass nothing down before it is empty.
  remove_orphans(mounts.v2);
  make_subtree_v2(mounts.v2 / name, uid != 0);
  sign(mounts.v2 / name, data);
  pass_down(mounts.v2);
  pass_down(mounts.v2 / name);
  give(mounts.v2 / name, uid, gid);
  if (uid != 0) give(mounts.v2 / name / kServerGroup, uid, gid);
}

void take_away(const fs::path& data, const Mounts& mounts) {
  auto folders = noted(data);
  for (const auto& [controller, mount] : mounts.v1) folders.insert(mount / name_of(data));
  if (!mounts.v2.empty()) folders.insert(mounts.v2 / name_of(data));
  for (const auto& folder : folders) {
    // The data directory is the server's user's: root removes nothing else that is named there.
    if (folder.filename() != name_of(data) || !fs::exists(folder / "cgroup.procs")) continue;
    for (int tries = 0; tries < 200; ++tries) {
      sweep_folder(folder);
      if (::rmdir(folder.c_str()) == 0 || errno != EBUSY) break;
      std::this_thread::sleep_for(5ms);
    }
  }
}

Result<Groups> Groups::open(const fs::path& data, const Mounts& mounts) {
  if (::geteuid() == 0) prepare(data, 0, 0, mounts);
  const auto name = name_of(data);
  Groups out;
  for (const auto& [controller, mount] : mounts.v1) {
    if (is_mine(mount / name)) out.folders_[controller] = mount / name;
  }
  if (out.folders_.empty() && has_controllers(mounts.v2)) {
    auto subtree = mounts.v2 / name;
    if (!is_mine(subtree)) {
      const auto own = own_folder(mounts);
      const auto top = delegated(mounts.v2, own, ::geteuid());
      if (!top.empty()) {
        subtree = top / name;
        make_subtree_v2(subtree, top == own);
        pass_down(top);
        pass_down(subtree);
      }
    }
    out.v2_ = true;
    for (const auto& controller : words(subtree / "cgroup.subtree_control")) {
      if (std::find(std::begin(kControllers), std::end(kControllers), controller) != std::end(kControllers))
        out.folders_[controller] = subtree;
    }
  }
  std::erase_if(out.folders_, [](const auto& one) { return !can_be_entered(one.second); });
  auto folders = noted(data);
  for (const auto& [controller, folder] : out.folders_) folders.insert(folder);
  std::string text;
  for (const auto& folder : folders) {
    if (fs::exists(folder)) text += folder.string() + "\n";
  }
  if (text != read_file(note(data)).value_or("")) (void)write_file(note(data), text, 0600);
  if (out.folders_.empty()) return fail(no_groups(mounts));
  return out;
}

std::string Groups::where() const {
  std::set<fs::path> all;
  for (const auto& [controller, folder] : folders_) all.insert(folder);
  std::string out;
  for (const auto& folder : all) out += (out.empty() ? "" : ", ") + folder.string();
  return out;
}

Group Groups::group(const std::string& name, const Limits& limits) const {
  Group out;
  const auto at = [&](const char* controller) -> Folder* {
    const auto found = folders_.find(controller);
    if (found == folders_.end()) return nullptr;
    const auto path = found->second / name;
    for (auto& folder : out.folders)
      if (folder.path == path) return &folder;
    return &out.folders.emplace_back(Folder{path, {}});
  };
  if (auto* folder = at("memory"); folder && limits.memory > 0) {
    const auto bytes = std::to_string(limits.memory);
    if (v2_) {
      folder->settings.insert(folder->settings.end(), {{"memory.max", bytes}, {"memory.swap.max", "0"}});
    } else {
      folder->settings.insert(folder->settings.end(),
                              {{"memory.limit_in_bytes", bytes}, {"memory.memsw.limit_in_bytes", bytes}});
    }
    out.watches.push_back(
        {folder->path / (v2_ ? "memory.events" : "memory.oom_control"), "oom_kill", memory_sentence(limits)});
  }
  if (auto* folder = at("cpu"); folder && limits.cpu > 0) {
    // Of each period's microseconds; the kernel takes no share under one of 1,000.
    const auto share = std::to_string(std::max<std::int64_t>(limits.cpu * kPeriod / 1000, 1000));
    folder->settings.emplace_back(v2_ ? "cpu.max" : "cpu.cfs_quota_us", share);
  }
  if (auto* folder = at("pids"); folder && limits.processes > 0) {
    folder->settings.emplace_back("pids.max", std::to_string(limits.processes));
    out.watches.push_back({folder->path / "pids.events", "max", processes_sentence(limits)});
  }
  // Where a machine counts no swap there is no such file.
  for (auto& folder : out.folders) {
    std::erase_if(folder.settings, [&](const auto& setting) {
      const bool is_swap = setting.first == "memory.swap.max" || setting.first == "memory.memsw.limit_in_bytes";
      return is_swap && ::access((folder.path.parent_path() / setting.first).c_str(), F_OK) != 0;
    });
  }
  return out;
}

Seen Groups::seen(const std::string& name) const {
  Seen out;
  if (const auto at = folders_.find("memory"); at != folders_.end())
    out.ended = count_in(at->second / name / (v2_ ? "memory.events" : "memory.oom_control"), "oom_kill");
  if (const auto at = folders_.find("pids"); at != folders_.end())
    out.refused = count_in(at->second / name / "pids.events", "max");
  return out;
}

void Groups::remove(const std::string& name) const {
  for (const auto& [controller, folder] : folders_) {
    for (int tries = 0; ::rmdir((folder / name).c_str()) != 0 && errno == EBUSY && tries < 100; ++tries)
      std::this_thread::sleep_for(5ms);
  }
}

void Groups::sweep() const {
  for (const auto& [controller, folder] : folders_) sweep_folder(folder);
}

}  // namespace sluice::cgroup
