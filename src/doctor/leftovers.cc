#include "doctor/leftovers.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <set>
#include <vector>

namespace fs = std::filesystem;

namespace sluice::doctor {
namespace {

constexpr Duration kSettles = std::chrono::minutes(10);

std::vector<fs::path> in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  return out;
}

bool is_settled(const fs::path& path, Time now) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && now - Time(std::chrono::seconds(info.st_mtime)) > kSettles;
}

// Of the home region, or of one that was added.
void look(const fs::path& region, const std::set<std::string>& known, Time now, std::vector<std::string>& found) {
  std::set<std::string> deployments;
  for (const auto& stage : in(region / "stages")) {
    // The fence of a stage that is gone stays until the next start (R9.3).
    bool holds_more = false;
    for (const auto& one : in(stage)) {
      deployments.insert(one.filename().string());
      holds_more = holds_more || one.filename() != "fence";
    }
    if (holds_more && !known.contains(stage.filename().string()) && is_settled(stage, now))
      found.push_back(stage.string());
  }
  for (const auto& service : in(region / "s6" / "services")) {
    const auto name = service.filename().string();
    const auto dot = name.find('.');
    if (dot == std::string::npos || !name.starts_with("dep_")) continue;  // the gateway's and the databases'
    if (!deployments.contains(name.substr(0, dot)) && is_settled(service, now)) found.push_back(service.string());
  }
}

}  // namespace

Finding leftovers(const fs::path& data, const Stacks& stacks, Time now) {
  Finding out{"leftovers", Severity::ok, "Leftovers", "Nothing is left of what was deleted.", ""};
  std::set<std::string> known;
  for (const auto& stack : stacks) {
    for (const auto* stages : {&stack->stages, &stack->leaving})
      for (const auto& stage : *stages) known.insert(stage.id.value);
  }
  std::vector<std::string> found;
  look(data, known, now, found);
  for (const auto& region : in(data / "regions")) look(region, known, now, found);
  if (found.empty()) return out;
  out.severity = Severity::warning;
  out.detail = "This is left of what was deleted: " + found.front() +
               (found.size() == 1 ? std::string() : fmt::format(" and {} more", found.size() - 1)) + ".";
  out.remedy = "Restart the server: apps go on serving, and it removes what belongs to nothing when it starts.";
  return out;
}

}  // namespace sluice::doctor
