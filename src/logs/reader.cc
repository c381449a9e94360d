#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <variant>

#include "logs/logs.h"
#include "logs/place.h"
#include "logs/seekable.h"

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kTimeLead = 25;  // "2026-01-31T09:30:00.000Z "
constexpr std::size_t kMostOfTail = 1u << 20;

// A log as it stands at one moment, live or finished.
struct Opened {
  std::variant<File, SeekableReader> bytes;
  std::uint64_t size = 0;
  bool finished = false;
  bool quiet = false;  // nothing was written for a second: what is there of a line is shown

  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::size_t count) const {
    return std::visit([&](const auto& source) { return source.read_at(offset, count); }, bytes);
  }
};

Result<Opened> open_plain(const fs::path& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return fail(std::move(file.error()));
  struct stat info {};
  if (::fstat(file->fd(), &info) != 0) return fail(ErrorKind::failed, "cannot look at " + path.string());
  const bool finished = (info.st_mode & 0200u) == 0;
  const bool quiet = std::time(nullptr) > info.st_mtim.tv_sec + 1;
  return Opened{std::move(*file), static_cast<std::uint64_t>(info.st_size), finished, quiet};
}

Result<Opened> open_packed(const fs::path& path) {
  auto reader = SeekableReader::open(path);
  if (!reader) return fail(std::move(reader.error()));
  const auto size = reader->size();
  return Opened{std::move(*reader), size, true, true};
}

Result<Opened> open_log(const fs::path& root, const LogName& name) {
  auto folder = folder_of(root, name.stack, name.stage, name.deployment);
  if (!folder) return fail(std::move(folder.error()));
  const auto path = find_log(*folder, name.step);
  // A log may be compressed, or taken up again, between one look and the next.
  for (int turn = 0; path && turn < 3; ++turn) {
    auto packed = open_packed(compressed(*path));
    if (packed || packed.error().kind != ErrorKind::not_found) return packed;
    auto plain = open_plain(*path);
    if (plain || plain.error().kind != ErrorKind::not_found) return plain;
  }
  return fail(ErrorKind::not_found, fmt::format("there is no log of the step '{}' of this deployment", name.step));
}

// Where to end a chunk that cannot be given whole: after a line; in a line too long for that, after a character.
std::size_t cut_position(std::string_view text) {
  const auto line = text.rfind('\n');
  if (line != std::string_view::npos) return line + 1;
  std::size_t at = text.size();
  for (int back = 0; back < 3 && at > 1 && (static_cast<unsigned char>(text[at - 1]) & 0xc0u) == 0x80u; ++back) --at;
  if (at > 1 && static_cast<unsigned char>(text[at - 1]) >= 0xc0) return at - 1;
  return text.size();
}

std::string_view without_time(std::string_view line) {
  const bool led = line.size() >= kTimeLead && line[4] == '-' && line[10] == 'T' && line[23] == 'Z' && line[24] == ' ';
  return led ? line.substr(kTimeLead) : line;
}

}  // namespace

Logs::Logs(fs::path root, std::uint64_t limit, const Clock* clock)
    : root_(std::move(root)), limit_(limit), clock_(clock) {}

fs::path Logs::runtime_dir(const std::string& stack, const std::string& stage) const {
  return root_ / stack / stage / "runtime";
}

std::vector<std::string> Logs::steps(const std::string& stack, const std::string& stage,
                                     const std::string& deployment) const {
  std::vector<std::string> out;
  if (const auto folder = folder_of(root_, stack, stage, deployment))
    for (auto& file : step_files(*folder)) out.push_back(std::move(file.step));
  return out;
}

Result<Chunk> Logs::read(const LogName& name, std::uint64_t after, std::size_t limit) const {
  const auto log = open_log(root_, name);
  if (!log) return fail(log.error());
  after = std::min(after, log->size);
  auto text = log->read_at(after, static_cast<std::size_t>(std::min<std::uint64_t>(limit, log->size - after)));
  if (!text) return fail(std::move(text.error()));
  const bool to_the_end = after + text->size() == log->size;
  if (!to_the_end)
    text->resize(cut_position(*text));
  else if (!log->finished && !log->quiet)
    text->resize(text->rfind('\n') + 1);  // npos + 1 is 0
  Chunk chunk;
  chunk.next = after + text->size();
  chunk.finished = log->finished && chunk.next == log->size;
  chunk.text = std::move(*text);
  return chunk;
}

bool Logs::changed_since(const LogName& name, std::uint64_t after) const {
  const auto folder = folder_of(root_, name.stack, name.stage, name.deployment);
  const auto path = folder ? find_log(*folder, name.step) : std::nullopt;
  if (!path) return false;
  struct stat info {};
  if (::stat(path->c_str(), &info) != 0) return true;
  return static_cast<std::uint64_t>(info.st_size) > after || (info.st_mode & 0200u) == 0;
}

std::vector<std::string> Logs::tail(const LogName& name, std::size_t lines) const {
  const auto log = open_log(root_, name);
  if (!log) return {};
  std::string text;
  for (std::size_t want = 16u << 10; want <= kMostOfTail; want *= 4) {
    const auto begin = log->size - std::min<std::uint64_t>(log->size, want);
    text = log->read_at(begin, want).value_or("");
    if (begin == 0) break;
    text.erase(0, text.find('\n') + 1);
    if (static_cast<std::size_t>(std::ranges::count(text, '\n')) >= lines) break;
  }
  std::vector<std::string> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    out.emplace_back(without_time(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (out.size() > lines) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(lines));
  return out;
}

}  // namespace sluice::logs
