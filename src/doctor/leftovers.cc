#include "doctor/leftovers.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "postgres/by_hand.h"

namespace fs = std::filesystem;

namespace sluice::doctor {
namespace {

constexpr Duration kSettles = std::chrono::minutes(10);

struct Seen {
  std::vector<std::string> left;        // folders
  std::vector<fs::path> databases;      // the files that say so
  std::vector<std::string> not_looked;  // at which folders, with why
};

std::vector<fs::path> in(const fs::path& folder, Seen& seen) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  // Most are made when they are needed, and one that is being removed goes meanwhile.
  if (error && error != std::errc::no_such_file_or_directory)
    seen.not_looked.push_back(folder.string() + " (" + error.message() + ")");
  return out;
}

bool is_settled(const fs::path& path, Time now) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && now - Time(std::chrono::seconds(info.st_mtime)) > kSettles;
}

// Of the home region, or of one that was added.
void look(const fs::path& region, const std::set<std::string>& known, Time now, Seen& seen) {
  std::set<std::string> deployments;
  for (const auto& stage : in(region / "stages", seen)) {
    // The fence of a stage that is gone stays until the next start (R9.3).
    bool holds_more = false;
    for (const auto& one : in(stage, seen)) {
      deployments.insert(one.filename().string());
      holds_more = holds_more || one.filename() != "fence";
    }
    if (holds_more && !known.contains(stage.filename().string()) && is_settled(stage, now))
      seen.left.push_back(stage.string());
  }
  for (const auto& service : in(region / "s6" / "services", seen)) {
    const auto name = service.filename().string();
    const auto dot = name.find('.');
    if (dot == std::string::npos || !name.starts_with("dep_")) continue;  // the gateway's and the databases'
    if (!deployments.contains(name.substr(0, dot)) && is_settled(service, now)) seen.left.push_back(service.string());
  }
  for (const auto& mark : in(region / "databases" / "stages", seen)) {
    if (!known.contains(mark.filename().string()) && is_settled(mark, now)) seen.databases.push_back(mark);
  }
}

std::string and_more(std::size_t all) { return all == 1 ? std::string() : fmt::format(" and {} more", all - 1); }

void add(std::string& to, const std::string& sentence) { to += (to.empty() ? "" : " ") + sentence; }

std::string drop(const fs::path& mark) {
  const auto databases = mark.parent_path().parent_path();
  return postgres::drop_line(databases / "postgres", mark.filename().string()) + " && rm ../../stages/" +
         mark.filename().string();
}

}  // namespace

Finding leftovers(const fs::path& data, const Stacks& stacks, Time now) {
  Finding out{"leftovers", Severity::ok, "Leftovers", "Nothing is left of what was deleted.", ""};
  std::set<std::string> known;
  for (const auto& stack : stacks) {
    for (const auto* stages : {&stack->stages, &stack->leaving})
      for (const auto& stage : *stages) known.insert(stage.id.value);
  }
  Seen seen;
  look(data, known, now, seen);
  for (const auto& region : in(data / "regions", seen)) look(region, known, now, seen);
  if (seen.left.empty() && seen.databases.empty() && seen.not_looked.empty()) return out;
  out.severity = Severity::warning;
  out.detail = "";
  if (!seen.left.empty()) {
    add(out.detail, "This is left of what was deleted: " + seen.left.front() + and_more(seen.left.size()) + ".");
    add(out.remedy, "Restart the server: apps go on serving, and it removes what belongs to nothing when it starts.");
  }
  if (!seen.databases.empty()) {
    const auto& first = seen.databases.front();
    add(out.detail, fmt::format("The database {}{} is left, of a stage whose deletion was forced.",
                                first.filename().string(), and_more(seen.databases.size())));
    const passwd* user = ::getpwuid(::geteuid());
    add(out.remedy, fmt::format("When nobody wants what is in it, run as the user {}: `{}`.",
                                user != nullptr ? user->pw_name : std::to_string(::geteuid()), drop(first)));
  }
  if (!seen.not_looked.empty()) {
    add(out.detail, "It did not look into " + seen.not_looked.front() + and_more(seen.not_looked.size()) + ".");
    add(out.remedy, "Give the data directory, with all that is in it, to the user the server runs as.");
  }
  return out;
}

}  // namespace sluice::doctor
