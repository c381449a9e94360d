#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cgroup/mounts.h"

// Groups of processes that together may use so much of the machine and no more: Linux's cgroups, v2 and v1. One data
// directory has one subtree, named after it, that outlives the server and the machine's user who runs it owns.
namespace sluice::cgroup {

struct Limits {                // 0: none
  std::int64_t memory = 0;     // bytes, with what is kept in a tmpfs; no swap beyond it
  std::int64_t cpu = 0;        // thousandths of a core
  std::int64_t processes = 0;  // and threads
  bool operator==(const Limits&) const = default;
};

// What ran into its limits since the group was made.
struct Seen {
  std::int64_t ended = 0;    // processes, for memory
  std::int64_t refused = 0;  // new processes
};

// How a group is entered, by whoever may write in its folders: each is made where it is missing, its settings are
// written, then "0" into its cgroup.procs.
struct Folder {
  std::filesystem::path path;
  std::vector<std::pair<std::string, std::string>> settings;  // file, content
};
// A file of "key number" lines; when the number of `key` grows, `sentence` is what happened.
struct Watch {
  std::filesystem::path file;
  std::string key, sentence;
};
struct Group {
  std::vector<Folder> folders;
  std::vector<Watch> watches;
};

// "used more than its 512 MB of memory and was ended", "was refused more than its 4096 processes".
std::string memory_sentence(const Limits& limits);
std::string processes_sentence(const Limits& limits);

// As root, before the server becomes `uid`: makes the subtree of this data directory and gives it to the user. In v2
// this process moves into it, as what it starts could not be moved there later. Subtrees go whose data directory is
// gone. What cannot be made open() explains.
void prepare(const std::filesystem::path& data, uid_t uid, gid_t gid, const Mounts& mounts = Mounts::read());
// Removes the subtree, as far as this user may and nothing runs in it.
void take_away(const std::filesystem::path& data, const Mounts& mounts = Mounts::read());

class Groups {
 public:
  // The subtree that this process may divide, tried by making a process enter it. unavailable: there is none; the
  // message is a sentence that says why, and kRemedy what helps.
  static Result<Groups> open(const std::filesystem::path& data, const Mounts& mounts = Mounts::read());

  [[nodiscard]] bool holds_memory() const { return folders_.contains("memory"); }
  [[nodiscard]] bool holds_cpu() const { return folders_.contains("cpu"); }
  [[nodiscard]] bool holds_processes() const { return folders_.contains("pids"); }
  // Where the subtree is, for people.
  [[nodiscard]] std::string where() const;

  // `name` is a file name that leads with no '.'. What of the limits cannot be held is left out.
  [[nodiscard]] Group group(const std::string& name, const Limits& limits) const;
  [[nodiscard]] Seen seen(const std::string& name) const;
  // Waits a moment for what ends in it; one that is still in use goes with a later sweep().
  void remove(const std::string& name) const;
  // Removes every group that nothing is in. One that is about to be entered is made again by who enters it.
  void sweep() const;

 private:
  Groups() = default;
  bool v2_ = false;                                       // of the memory controller
  std::map<std::string, std::filesystem::path> folders_;  // of the subtree, by controller
};

extern const char* const kRemedy;

}  // namespace sluice::cgroup
