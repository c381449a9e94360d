#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// s6: one s6-svscan per folder, in a session of its own, that outlives the program which started it and is found again
// by the next. It keeps services running, paced (a second at least between two starts), and their output in rotated
// files.
namespace sluice::supervise {

inline constexpr int kLongestLine = 65'536;  // bytes, of a log

struct Service {
  std::string name;               // a file name: letters, digits, '.', '_', '-'
  std::vector<std::string> argv;  // stands in the process list: no secrets
  std::filesystem::path cwd;      // empty: the service's own folder, in which it keeps no files
  // Where s6-log keeps what the service writes, each line led by its time (ISO 8601, UTC): `current` and up to
  // `log_files` older files of `log_bytes` each; a line longer than kLongestLine becomes several. Empty: /dev/null.
  std::filesystem::path log_dir;
  int log_files = 20;
  std::int64_t log_bytes = 2'500'000;
  // By its name, as "SIGINT": what asks it to end, and ends it when its s6-supervise was killed, as it would go on
  // beside the one that is started in its place; empty: SIGTERM, and SIGKILL.
  std::string down_signal;
  bool waits = false;  // not started with the supervisor, only by add()
};

struct Status {
  bool up = false;
  bool wanted_up = false;
  int pid = 0;                              // 0 when down
  int exit_code = 0;                        // of the last end; 128 + signal when killed by one
  int deaths = 0;                           // since it was added, at most 100 are counted
  std::optional<Time> died = std::nullopt;  // the last of them
  bool operator==(const Status&) const = default;
};

class Supervisor {
 public:
  // The supervisor of this folder, started if it does not run. Needs s6; `dir` belongs to it alone.
  static Result<Supervisor> ensure(const std::filesystem::path& dir);

  // Defines services and starts them; one that is there already is brought up when it is down. One that runs goes on as
  // it is, and its next start is as it is defined now: another version may have defined it.
  Result<> add(const std::vector<Service>& services) const;
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  // not_found when there is no such service.
  Result<Status> status(const std::string& name) const;

  // Of its main process; 0 when down or unknown.
  [[nodiscard]] int pid(const std::string& name) const;
  // Ends services without waiting: SIGTERM (or their down_signal), and no restart when they die.
  Result<> dismiss(const std::vector<std::string>& names) const;
  // Ends services together: SIGTERM, after `grace` SIGKILL; when it returns no process of theirs is left. They stay
  // defined and down. A stop request cuts `grace` short. A name that is not there is no error.
  Result<> stop(const std::vector<std::string>& names, Duration grace, std::stop_token hurry = {}) const;
  // stop(), then the definitions go; log folders stay.
  Result<> remove(const std::vector<std::string>& names, Duration grace, std::stop_token hurry = {}) const;
  // True when one of them still runs.
  [[nodiscard]] bool any_up(const std::vector<std::string>& names) const;

  [[nodiscard]] static bool running(const std::filesystem::path& dir);
  // Ends every service, those in `first` before the others, those in `last` after them, and the supervisor. Definitions
  // stay: the next ensure() starts them again. Nothing running is no error.
  static Result<> down(const std::filesystem::path& dir, Duration grace, const std::vector<std::string>& first = {},
                       const std::vector<std::string>& last = {});

 private:
  explicit Supervisor(std::filesystem::path dir) : dir_(std::move(dir)) {}
  std::filesystem::path scan() const { return dir_ / "scan"; }
  std::filesystem::path folder(const std::string& name) const { return dir_ / "services" / name; }
  Result<> define(const Service& service) const;
  // Of one that is there: its files as define() would write them, each at once. What runs is not touched.
  void renew(const Service& service) const;
  // Of a removal that was interrupted: nothing keeps it running, and nothing will.
  bool is_left_over(const std::string& name) const;
  Result<> control(const char* letters, const std::vector<std::string>& names) const;
  std::filesystem::path dir_;
};

}  // namespace sluice::supervise
