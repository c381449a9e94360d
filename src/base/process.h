#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

// One child process in a process group (session) of its own. No shell. File descriptors other than 0, 1, 2 are
// closed in the child. Callers ignore SIGPIPE in the whole process.
struct ProcessCommand {
  std::vector<std::string> argv;                          // argv[0] is looked up in PATH
  std::optional<std::map<std::string, std::string>> env;  // the whole environment; absent: inherited
  std::string cwd;                                        // absent when empty
  std::string input;                                      // standard input; empty: /dev/null
  // Called with what the child writes, as it comes, from the calling thread. Absent: collected in Finished (at most
  // `collect_limit` bytes each, the rest dropped).
  std::function<void(std::string_view)> on_output;  // standard output, and standard error unless on_error is set
  std::function<void(std::string_view)> on_error;
  std::size_t collect_limit = 1 << 20;
  // When either comes first the whole group gets SIGTERM, after `grace` SIGKILL.
  std::stop_token stop;
  std::optional<std::chrono::milliseconds> time_limit;
  std::chrono::milliseconds grace{2000};
};

struct Finished {
  int exit_code = 0;  // 128 + signal when killed by one
  bool timed_out = false;
  bool stopped = false;
  std::string out;
  std::string err;
  [[nodiscard]] bool ok() const { return exit_code == 0 && !timed_out && !stopped; }
};

// Runs and waits. An Error only when the process cannot be started (the message names the program).
Result<Finished> run(const ProcessCommand& command);

// A child with pipes for a caller that pumps them by itself (Git's smart HTTP). Killed (group) and reaped when
// destroyed.
class Child {
 public:
  static Result<Child> start(
      const ProcessCommand& command);  // input, on_output, on_error, stop and time_limit are ignored
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();
  [[nodiscard]] int pid() const { return pid_; }
  Result<> write(std::string_view bytes);  // blocks; an Error when the child closed its end
  void close_input();
  Result<std::size_t> read(char* into, std::size_t size);  // standard output; blocks; 0 at its end
  std::string errors();  // what it wrote to standard error so far (at most 64 KiB kept)
  int wait();            // exit code as in Finished
  void kill();           // SIGKILL to the group

 private:
  Child() = default;
  int pid_ = -1, in_ = -1, out_ = -1, err_ = -1;
  std::string errors_;
};

// True when a program of this name can be found in PATH (or is an absolute path that may be executed).
bool program_exists(const std::string& name);

}  // namespace sluice
