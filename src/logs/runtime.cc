#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <queue>
#include <utility>

#include "logs/logger_folder.h"
#include "logs/logs.h"
#include "logs/place.h"

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostGiven = 256u << 10;
constexpr std::size_t kMostLeftOut = 4u << 20;

using Keep = std::function<bool(std::string_view)>;
// By the name of the instance; of a single logger under the empty name.
using Positions = std::map<std::string, Position>;

std::string write_cursor(const Positions& positions) {
  std::string out = "1";
  for (const auto& [instance, position] : positions)
    out += fmt::format("~{}_{:x}_{:x}_{}", instance, position.inode, position.offset, position.first);
  return out;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

Result<Positions> read_cursor(const std::string& cursor) {
  Positions out;
  if (cursor.empty()) return out;
  const auto parts = split(cursor, '~');
  const auto wrong = [] {
    return fail_field("after", "is not a cursor that was given here; leave it out to begin anew");
  };
  if (parts[0] != "1") return wrong();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto fields = split(parts[i], '_');
    if (fields.size() < 4) return wrong();
    const auto* last = &fields[fields.size() - 3];  // a name may have its own "_"
    const auto inode = hexadecimal(last[0]);
    const auto offset = hexadecimal(last[1]);
    const bool digits = std::ranges::all_of(last[2], [](char c) { return c >= '0' && c <= '9'; });
    if (!inode || !offset || !digits || last[2].empty()) return wrong();
    const auto name = parts[i].substr(0, static_cast<std::size_t>(last[0].data() - parts[i].data()) - 1);
    out[std::string(name)] = Position{*inode, *offset, std::string(last[2])};
  }
  return out;
}

std::vector<std::string> instances_of(const fs::path& runtime_dir) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (fs::directory_iterator at(runtime_dir, ignored), end; at != end && !ignored; at.increment(ignored)) {
    auto name = at->path().filename().string();
    std::error_code unknown;
    if (is_name(name) && at->is_directory(unknown)) out.push_back(std::move(name));
  }
  std::ranges::sort(out);
  return out;
}

// Several loggers as one, by time; lines of one logger stay in its own order.
class Merge {
 public:
  void add(const std::string& instance, LoggerReader reader) {
    sources_.push_back(std::make_unique<Source>(Source{instance, std::move(reader)}));
    look(*sources_.back());
  }
  std::optional<Line> next() {
    if (waiting_.empty()) return std::nullopt;
    auto* const source = waiting_.top().source;
    waiting_.pop();
    auto line = source->reader.pop();
    look(*source);
    return Line{line.at, source->instance, std::move(line.text), line.after_gap};
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  // Of an instance that is not read now.
  void stays(const std::string& instance, const Position& position) { staying_[instance] = position; }
  [[nodiscard]] std::string cursor() const {
    Positions positions = staying_;
    for (const auto& source : sources_)
      if (const auto position = source->reader.position()) positions[source->instance] = *position;
    return write_cursor(positions);
  }

 private:
  struct Source {
    std::string instance;
    LoggerReader reader;
  };
  struct Waiting {
    Time at;
    int nanos;
    Source* source;
    bool operator<(const Waiting& other) const {
      return std::tie(other.at, other.nanos, other.source->instance) < std::tie(at, nanos, source->instance);
    }
  };
  void look(Source& source) {
    if (const auto* line = source.reader.peek()) waiting_.push(Waiting{line->at, line->nanos, &source});
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::priority_queue<Waiting> waiting_;
  Positions staying_;
};

using Folders = std::vector<std::pair<std::string, fs::path>>;

Folders folders_of(const fs::path& runtime_dir) {
  Folders out;
  for (auto& name : instances_of(runtime_dir)) out.emplace_back(name, runtime_dir / name);
  return out;
}

bool may_have_more(const fs::path& folder, const Position* position) {
  struct stat info {};
  const bool has_current = ::stat((folder / "current").c_str(), &info) == 0;
  if (!position) return (has_current && info.st_size > 0) || logger_files(folder).size() > 1;
  if (has_current && static_cast<std::uint64_t>(info.st_ino) == position->inode)
    return static_cast<std::uint64_t>(info.st_size) != position->offset;
  if (has_current && info.st_size > 0) return true;
  // Put away, and nothing new since: unless lines came just before.
  for (const auto& path : logger_files(folder))
    if (::stat(path.c_str(), &info) == 0 && static_cast<std::uint64_t>(info.st_ino) == position->inode)
      return static_cast<std::uint64_t>(info.st_size) != position->offset;
  return true;
}

Result<Lines> read_folders(const Folders& folders, std::optional<Time> since, const std::string& cursor,
                           std::size_t limit, const Keep& keep) {
  const auto positions = read_cursor(cursor);
  if (!positions) return fail(positions.error());
  Merge merge;
  for (const auto& [instance, path] : folders) {
    const auto known = positions->find(instance);
    if (known != positions->end() && !may_have_more(path, &known->second)) {
      merge.stays(instance, known->second);
      continue;
    }
    LoggerReader reader(path, known == positions->end() ? std::nullopt : std::optional(known->second));
    if (since) {
      reader.skip_files_before(*since);
      if (!reader.position())
        while (const auto* line = reader.peek()) {
          if (line->at >= *since) break;
          reader.pop();
        }
    }
    merge.add(instance, std::move(reader));
  }
  Lines out;
  std::size_t given = 0, left_out = 0;
  bool gap = false;  // before a line that is left out
  while (out.lines.size() < limit && given < kMostGiven && left_out < kMostLeftOut) {
    auto line = merge.next();
    if (!line) break;
    gap = gap || line->after_gap;
    if (keep && !keep(line->text)) {
      left_out += line->text.size() + 1;
      continue;
    }
    line->after_gap = std::exchange(gap, false);
    given += line->text.size() + 1;
    out.lines.push_back(std::move(*line));
  }
  out.more = !merge.empty();
  out.cursor = merge.cursor();
  return out;
}

Result<Lines> last_of_folders(const Folders& folders, std::size_t count, const Keep& keep) {
  Merge merge;
  for (const auto& [instance, path] : folders) {
    LoggerReader reader(path, std::nullopt);
    if (!keep) reader.skip_to_last(count);
    merge.add(instance, std::move(reader));
  }
  std::deque<Line> last;
  while (auto line = merge.next()) {
    if (keep && !keep(line->text)) continue;
    last.push_back(std::move(*line));
    if (last.size() > count) last.pop_front();
  }
  Lines out;
  out.lines.assign(std::make_move_iterator(last.begin()), std::make_move_iterator(last.end()));
  out.cursor = merge.cursor();
  return out;
}

}  // namespace

Result<Lines> read_lines(const fs::path& runtime_dir, std::optional<Time> since, const std::string& cursor,
                         std::size_t limit, const Keep& keep) {
  return read_folders(folders_of(runtime_dir), since, cursor, limit, keep);
}

Result<Lines> last_lines(const fs::path& runtime_dir, std::size_t count, const Keep& keep) {
  return last_of_folders(folders_of(runtime_dir), count, keep);
}

Result<Lines> read_logger(const fs::path& logger_dir, std::optional<Time> since, const std::string& cursor,
                          std::size_t limit, const Keep& keep) {
  return read_folders({{"", logger_dir}}, since, cursor, limit, keep);
}

Result<Lines> last_logger_lines(const fs::path& logger_dir, std::size_t count, const Keep& keep) {
  return last_of_folders({{"", logger_dir}}, count, keep);
}

bool changed_since(const fs::path& dir, const std::string& cursor) {
  const auto positions = read_cursor(cursor);
  if (!positions) return true;
  const auto changed = [&](const std::string& instance, const fs::path& folder) {
    const auto known = positions->find(instance);
    return may_have_more(folder, known == positions->end() ? nullptr : &known->second);
  };
  std::error_code ignored;
  if (positions->contains("") || fs::exists(dir / "current", ignored)) return changed("", dir);
  return std::ranges::any_of(folders_of(dir), [&](const auto& folder) { return changed(folder.first, folder.second); });
}

}  // namespace sluice::logs
