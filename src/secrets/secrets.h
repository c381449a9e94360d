#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "pipeline/types.h"
#include "store/store.h"

// Variables at rest: each settings revision is one sealed row (XChaCha20-Poly1305, key file of mode 0600 in the data
// directory, the stage id and revision bound in). Values leave this room only into an environment or an owner's answer.
namespace sluice::secrets {

struct Variable {
  std::string value;
  bool secret = false;
  bool operator==(const Variable&) const = default;
};
using Variables = std::map<std::string, Variable>;
struct Settings {
  Variables build, runtime;
  pipeline::StageConfig config;                            // of the time it was saved
  std::optional<std::string> database_url = std::nullopt;  // of an existing database; secret
};

// POSIX names ([A-Za-z_][A-Za-z0-9_]*, at most 256), values without NUL of at most 64 KiB, at most 1,000 of a kind;
// PORT cannot be set. The error names the variable, never its value.
Result<> check(const std::string& name, const std::string& value);

constexpr std::size_t kMostVariables = 1000;
// Names and values of a kind together: a program is not started with much more than twice of it (Linux's own limit).
constexpr std::size_t kMostBytes = 1 << 20;

// Each of them, their number and their size together. `seal` asks for it too.
Result<> check(const Variables& variables);

class Secrets {
 public:
  // Makes the key file at the first start; refuses one that others may read.
  static Result<std::unique_ptr<Secrets>> open(const std::filesystem::path& dir, store::Store& store, Random& random);
  virtual ~Secrets() = default;
  // not_found: there is no such revision; failed: the row was sealed with another key, for another place, or is
  // damaged.
  virtual Result<Settings> read(const pipeline::StageId&, pipeline::Revision) = 0;
  virtual Result<store::SettingsRow> seal(const pipeline::StageId&, pipeline::Revision, const Settings&) = 0;
  // HMAC with a key of this server: a build's identity may hold secret values (architecture: the key of a build).
  // Hexadecimal, 64 characters; another `purpose` is another key.
  virtual std::string mac(std::string_view purpose, std::string_view bytes) = 0;
};

}  // namespace sluice::secrets
