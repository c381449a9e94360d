#pragma once
#include <boost/describe/class.hpp>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "build/disk_watch.h"
#include "logs/logs.h"
#include "sandbox/sandbox.h"
#include "source/source.h"

// A builder turns (commit, build variables, toolchain) into an artifact by digest: here a read-only file tree.
namespace sluice::build {

// How an app is built and run: sluice.toml, else a Procfile, else what the files say it is (docs/apps.md).
struct Plan {
  std::string found;                        // "sluice.toml", "Procfile and package.json" …: for the log
  std::string build, run, release, verify;  // shell commands; run is never empty, an empty build has nothing to do
  std::string health_path = "/";
  Duration health_timeout = std::chrono::seconds(60);
  Duration health_interval = std::chrono::seconds(1);
  std::int64_t memory = 0, build_memory = 0;  // bytes; 0: no limit stated
  double cpus = 0;
  Duration build_timeout = std::chrono::minutes(20);
  std::optional<Duration> release_timeout, verify_timeout;    // absent: kCommandTimeout
  std::optional<std::int64_t> artifact_size, artifact_files;  // bytes, files and folders; absent: as below
  // Given to the app and its release and verify commands where the stage's own variables do not say otherwise.
  std::map<std::string, std::string> environment;
  std::vector<std::string>
      build_tools;                     // programs the build needs; their versions are part of what it is a function of
  std::vector<std::string> run_tools;  // programs the app needs to run
  bool operator==(const Plan&) const = default;
};
BOOST_DESCRIBE_STRUCT(Plan, (),
                      (found, build, run, release, verify, health_path, health_timeout, health_interval, memory,
                       build_memory, cpus, build_timeout, release_timeout, verify_timeout, artifact_size,
                       artifact_files, environment, build_tools, run_tools))
inline constexpr Duration kCommandTimeout = std::chrono::minutes(10);  // of a release or verify command
inline constexpr Duration kLongestTimeout = std::chrono::hours(24);    // of a build or command, whatever is said
inline constexpr Duration kLongestHealthTimeout = std::chrono::hours(1);
inline constexpr std::int64_t kArtifactSize = std::int64_t{4} << 30, kArtifactFiles = 150'000;
// Reads the tree. Errors name sluice.toml's line and key and what would be right, or list what was looked for.
Result<Plan> detect(const std::filesystem::path& tree);

struct BuildInput {
  pipeline::StackId stack;
  std::string stack_name;
  std::string commit;
  std::map<std::string, std::string> variables;  // build variables, values and all
  std::string key;  // HMAC of all that the artifact is a function of but the toolchain (R3.2); the caller makes it
  bool rebuild = false;
  Time deadline{};
  std::stop_token stop;
  logs::Writer* log = nullptr;
};
struct Built {
  std::string artifact;  // "sha256-" and 64 hex digits
  bool reused = false;
};

class Toolchain;

class Builder {
 public:
  struct Dirs {
    std::filesystem::path artifacts, caches, work;
  };
  Builder(Dirs dirs, source::Repositories& repositories, const sandbox::Sandbox& sandbox, const Clock& clock);
  ~Builder();
  // Blocks. Reuses an earlier build of the same key, and says so in the log; one build of a key at a time. A failed
  // build leaves nothing but its log. Errors are one sentence with the last lines of output where that helps.
  Result<Built> build(const BuildInput&);
  // The folder of a kept artifact: TREE is `path/tree` (read-only), the plan `path/plan.json`; not_found when cleaned.
  Result<std::filesystem::path> find(const std::string& artifact) const;
  // Whether it is kept and nothing of it is missing, by a quick look; the error says what is. One that is damaged is
  // built anew when it is deployed again.
  Result<> whole(const std::string& artifact) const;
  // True when it is; then it is counted as used from now on: cleaning leaves it alone for a day.
  bool reuse(const std::string& artifact);
  Result<Plan> plan(const std::string& artifact) const;
  // True when an artifact with this key is kept; its name.
  std::optional<std::string> kept(const std::string& key) const;
  // Stated policy: keep what `in_use` names, the newest `keep` besides, and anything younger than a day. Returns what
  // went.
  Result<std::vector<std::string>> clean(const std::vector<std::string>& in_use, std::size_t keep);
  // Removes the build cache of a stack that is gone, when no build uses it.
  Result<> forget(const pipeline::StackId& stack);

 private:
  class Turn;  // one build of a key at a time

  Result<Plan> make(const BuildInput& input, const std::filesystem::path& work, DiskWatch::Build& watched);
  Result<std::string> place(const BuildInput& input, const Plan& plan, const std::filesystem::path& work,
                            Duration took);

  Dirs dirs_;
  source::Repositories& repositories_;
  const sandbox::Sandbox& sandbox_;
  const Clock& clock_;
  std::unique_ptr<Toolchain> toolchain_;
  DiskWatch disk_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::set<std::string> building_;  // keys
  std::uint64_t serial_ = 0;        // names folders under work
};

}  // namespace sluice::build
