#include <algorithm>
#include <set>

#include "base/files.h"
#include "build/artifacts.h"
#include "build/builder.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

// Entries of keys whose artifact is gone.
void clean_keys(const fs::path& artifacts) {
  std::error_code error;
  for (const auto& file : fs::directory_iterator(artifacts / "by-key", error)) {
    const auto entry = read_key(artifacts, file.path().filename());
    std::error_code ignored;
    if (!entry || !fs::exists(artifacts / entry->artifact, ignored)) fs::remove(file.path(), ignored);
  }
}

}  // namespace

Result<std::vector<std::string>> Builder::clean(const std::vector<std::string>& in_use, std::size_t keep) {
  const std::set<std::string> used(in_use.begin(), in_use.end());
  struct Candidate {
    std::string name;
    Time at;
  };
  std::vector<Candidate> candidates;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dirs_.artifacts, error)) {
    const std::string name = entry.path().filename();
    if (!is_artifact_name(name) || used.contains(name)) continue;
    candidates.push_back({name, last_used(entry.path()).value_or(Time{})});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.at > b.at; });
  std::vector<std::string> gone;
  for (std::size_t i = keep; i < candidates.size(); ++i) {
    if (auto made = make_dirs(dirs_.work, 0700); !made) return fail(made.error());
    fs::path aside;
    {
      const std::scoped_lock lock(mutex_);
      const fs::path path = dirs_.artifacts / candidates[i].name;
      // Looked at again: it may have been taken up since it was listed.
      if (clock_.now() - last_used(path).value_or(Time{}) < std::chrono::hours(24)) continue;
      aside = dirs_.work / ("build-gone-" + std::to_string(++serial_));
      // Out of sight in one act: nobody finds half of it.
      fs::rename(path, aside, error);
    }
    if (error) return fail(ErrorKind::failed, "cleaning " + candidates[i].name + ": " + error.message());
    gone.push_back(candidates[i].name);
    if (auto removed = remove_tree(aside); !removed) return fail(removed.error());
  }
  clean_keys(dirs_.artifacts);
  return gone;
}

Result<> Builder::forget(const pipeline::StackId& stack) {
  if (stack.empty() || stack.value.find('/') != std::string::npos) {
    return fail(ErrorKind::internal, "\"" + stack.value + "\" is no stack's id");
  }
  return disk_.empty(dirs_.caches / stack.value);
}

}  // namespace sluice::build
