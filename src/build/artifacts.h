#pragma once
#include <boost/describe/class.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

// What lies in the folder of artifacts:
//   sha256-…/tree/       what was built, read-only
//   sha256-…/plan.json   how to run it
//   sha256-…/meta.json   where it came from; its file time is when it was last used
//   by-key/KEY           which artifact a key made, and with which tools
namespace sluice::build {

inline constexpr std::int64_t kBuilderVersion = 1;  // grows when the same inputs would be built into something else

struct Meta {
  std::string key, stack, stack_name, commit, found;
  std::map<std::string, std::string> tools;  // version by name
  std::int64_t builder = kBuilderVersion;
  std::int64_t bytes = 0, entries = 0;
  Time built_at{};
  std::int64_t took = 0;  // milliseconds
};
BOOST_DESCRIBE_STRUCT(Meta, (), (key, stack, stack_name, commit, found, tools, builder, bytes, entries, built_at, took))

struct KeyEntry {
  std::string artifact;
  std::map<std::string, std::string> tools;
  std::int64_t builder = 0;
  Time built_at{};
};
BOOST_DESCRIBE_STRUCT(KeyEntry, (), (artifact, tools, builder, built_at))

// An artifact is its files and how they are run.
std::string artifact_digest(const std::string& tree_digest, const std::string& plan_json);
bool is_artifact_name(const std::string& name);  // "sha256-" and 64 hex digits
// Where a key's entry is; any text may be a key.
std::filesystem::path key_file(const std::filesystem::path& artifacts, const std::string& key);
std::optional<KeyEntry> read_key(const std::filesystem::path& artifacts, const std::string& key);
Result<> write_key(const std::filesystem::path& artifacts, const std::string& key, const KeyEntry& entry);

// When an artifact was last used: kept as its meta.json's file time.
void touch(const std::filesystem::path& artifact, Time now);
std::optional<Time> last_used(const std::filesystem::path& artifact);

Result<> write_plain(const std::filesystem::path& path, const std::string& text);  // not synced
// Brings all of a new folder to the disk.
Result<> sync_all(const std::filesystem::path& path, std::int64_t entries);  // `entries`: about how many are in it
void sync_dir(const std::filesystem::path& path);

}  // namespace sluice::build
