#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "logs/logs.h"
#include "sandbox/sandbox.h"
#include "source/source.h"

// A builder turns (commit, build variables, toolchain) into an artifact by digest: here a read-only file tree.
namespace sluice::build {

// How an app is built and run: sluice.toml, else a Procfile, else what the files say it is (docs/apps.md).
struct Plan {
  std::string found;  // "sluice.toml", "Procfile", "package.json" …: for the log
  std::string build, run, release, verify;  // shell commands; run is never empty
  std::string health_path = "/";
  Duration health_timeout = std::chrono::seconds(60);
  Duration health_interval = std::chrono::seconds(1);
  std::int64_t memory = 0, build_memory = 0;  // bytes; 0: no limit stated
  double cpus = 0;
  Duration build_timeout = std::chrono::minutes(20);
  bool operator==(const Plan&) const = default;
};
// Reads the tree. Errors name sluice.toml's line and key and what would be right, or list what was looked for.
Result<Plan> detect(const std::filesystem::path& tree);

struct BuildInput {
  pipeline::StackId stack;
  std::string stack_name;
  std::string commit;
  std::map<std::string, std::string> variables;  // build variables, values and all
  std::string key;        // HMAC of all that the artifact is a function of but the toolchain (R3.2); the caller makes it
  bool rebuild = false;
  Time deadline{};
  std::stop_token stop;
  logs::Writer* log = nullptr;
};
struct Built {
  std::string artifact;  // "sha256-" and 64 hex digits
  bool reused = false;
};

class Builder {
 public:
  struct Dirs {
    std::filesystem::path artifacts, caches, work;
  };
  Builder(Dirs dirs, source::Repositories& repositories, const sandbox::Sandbox& sandbox, const Clock& clock);
  // Blocks. Reuses an earlier build of the same key, and says so in the log; one build of a key at a time. A failed build
  // leaves nothing but its log. Errors are one sentence with the last lines of output where that helps.
  Result<Built> build(const BuildInput&);
  // The folder of a kept artifact: TREE is `path/tree` (read-only), the plan `path/plan.json`; not_found when cleaned.
  Result<std::filesystem::path> find(const std::string& artifact) const;
  Result<Plan> plan(const std::string& artifact) const;
  // True when an artifact with this key is kept; its name.
  std::optional<std::string> kept(const std::string& key) const;
  // Stated policy: keep what `in_use` names, the newest `keep` besides, and anything younger than a day. Returns what went.
  Result<std::vector<std::string>> clean(const std::vector<std::string>& in_use, std::size_t keep);

 private:
  Dirs dirs_;
  source::Repositories& repositories_;
  const sandbox::Sandbox& sandbox_;
  const Clock& clock_;
};

}  // namespace sluice::build
