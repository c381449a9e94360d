#include "platform/local/backups.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <set>
#include <system_error>

#include "base/codec.h"
#include "base/files.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

std::optional<Backup> read_note(const fs::path& note) {
  auto text = read_file(note, 64u << 10);
  if (!text) return std::nullopt;
  boost::json::error_code bad;
  auto value = boost::json::parse(*text, bad);
  if (bad) return std::nullopt;
  auto backup = codec::read<Backup>(value);
  if (!backup || backup->name != note.stem().string()) return std::nullopt;
  return std::move(*backup);
}

// The stage without its prefix, and the moment: 20260131-093000.
std::string name_at(const pipeline::StageId& stage, Time at) {
  std::string when = to_rfc3339(at);  // 2026-01-31T09:30:00.000Z
  std::string out = stage.value.substr(std::min<std::size_t>(4, stage.value.size())) + "-";
  for (char c : when.substr(0, 19)) {
    if (c == 'T') out += '-';
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

void newest_first(std::vector<Backup>& backups) {
  std::sort(backups.begin(), backups.end(),
            [](const Backup& a, const Backup& b) { return a.at != b.at ? a.at > b.at : a.name > b.name; });
}

}  // namespace

std::vector<Backup> Backups::of(const pipeline::StageId& stage) const {
  std::vector<Backup> out;
  std::error_code error;
  for (fs::directory_iterator it(dir_ / stage.value, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".json") continue;
    std::error_code gone;
    auto backup = read_note(it->path());
    if (backup && fs::exists(file(*backup), gone)) out.push_back(std::move(*backup));
  }
  newest_first(out);
  return out;
}

std::vector<Backup> Backups::all() const {
  std::vector<Backup> out;
  std::error_code error;
  for (fs::directory_iterator it(dir_, error), end; !error && it != end; it.increment(error)) {
    for (auto& backup : of({it->path().filename().string()})) out.push_back(std::move(backup));
  }
  newest_first(out);
  return out;
}

Result<Backup> Backups::find(const std::string& name) const {
  const auto dash = name.find('-');
  const bool fits =
      dash != std::string::npos && name.size() < 80 && name.find_first_of("/.") == std::string::npos && dash > 0;
  if (fits) {
    auto backup = read_note(dir_ / ("stg_" + name.substr(0, dash)) / (name + ".json"));
    std::error_code error;
    if (backup && fs::exists(file(*backup), error)) return std::move(*backup);
  }
  return fail(ErrorKind::not_found, "there is no backup of that name; `sluice db list` shows those there are");
}

fs::path Backups::file(const Backup& backup) const { return dir_ / backup.stage.value / (backup.name + ".dump"); }

Result<Backup> Backups::make(const postgres::Cluster& cluster, Backup about, const postgres::Limits& limits) const {
  const auto folder = dir_ / about.stage.value;
  if (auto made = make_dirs(folder, 0700); !made) return fail(made.error());
  // What was cut short before its note.
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    auto note = it->path();
    if (note.extension() == ".partial") note.replace_extension();
    std::error_code ignored;
    if (!fs::exists(note.replace_extension(".json"), ignored)) fs::remove(it->path(), ignored);
  }
  about.name = name_at(about.stage, about.at);
  for (int more = 2; fs::exists(folder / (about.name + ".json"), error); ++more)
    about.name = name_at(about.stage, about.at) + "-" + std::to_string(more);
  auto dumped = cluster.dump(about.stage.value, file(about), limits);
  if (!dumped) return fail(dumped.error());
  about.bytes = dumped->bytes;
  about.sha256 = dumped->sha256;
  auto noted = write_file(folder / (about.name + ".json"), boost::json::serialize(codec::write(about)) + "\n", 0600);
  if (!noted) return fail(noted.error());
  return about;
}

Result<> Backups::prune(const pipeline::StageId& stage) const {
  std::size_t days = 0, replaced = 0;
  std::set<std::int64_t> weeks;
  for (const auto& backup : of(stage)) {
    bool stays = true;
    if (backup.cause == BackupCause::replaced) stays = ++replaced <= kKeptReplaced;
    if (backup.cause == BackupCause::daily) {
      const auto week = std::chrono::floor<std::chrono::weeks>(backup.at).time_since_epoch().count();
      const bool first_of_week = weeks.size() < kKeptWeeks && weeks.insert(week).second;
      stays = ++days <= kKeptDays || first_of_week;
    }
    if (stays) continue;
    if (auto removed = remove(backup); !removed) return removed;
  }
  return {};
}

Result<> Backups::remove(const Backup& backup) const {
  const auto dump = file(backup);
  auto note = dump;
  std::error_code error;
  fs::remove(note.replace_extension(".json"), error);
  if (!error) fs::remove(dump, error);
  if (error) return fail(ErrorKind::failed, "the backup " + backup.name + " cannot be deleted: " + error.message());
  fs::remove(dump.parent_path(), error);  // when it was the last
  return {};
}

}  // namespace sluice::platform::local
