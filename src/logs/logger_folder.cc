#include "logs/logger_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kStamp = 29;  // "2026-01-31 09:30:00.123456789"
constexpr std::size_t kPiece = 64u << 10;
constexpr std::size_t kLongestLine = 1u << 20;
constexpr int kTurns = 16;

bool is_stamp(std::string_view text) {
  static constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd.ddddddddd";
  if (text.size() < kStamp) return false;
  for (std::size_t i = 0; i < kStamp; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + count, value);
  return value;
}

std::string digits_of(std::string_view stamp) {
  std::string out;
  for (const char c : stamp.substr(0, kStamp))
    if (c >= '0' && c <= '9') out += c;
  return out;
}

// The stamp of the first line; of a line without one, what it begins with stands for it.
std::string first_stamp(const File& file) {
  const std::string head = file.read_at(0, kStamp).value_or("");
  if (is_stamp(head)) return digits_of(head);
  std::string out;
  for (const char c : head.substr(0, head.find('\n'))) out += std::to_string(static_cast<unsigned char>(c));
  return out;
}

// TAI64N labels count seconds from 2^62, ten seconds and the leap seconds ahead of UTC: good enough to tell old files.
std::optional<Time> time_of_label(std::string_view name) {
  std::uint64_t label = 0;
  if (name.size() < 25 || name[0] != '@') return std::nullopt;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + 17, label, 16);
  if (error != std::errc() || end != name.data() + 17 || label < (1ull << 62)) return std::nullopt;
  return Time(std::chrono::seconds(label - (1ull << 62)));
}

}  // namespace

LoggedLine parse_logged_line(std::string_view line, Time otherwise) {
  LoggedLine out;
  out.at = otherwise;
  if (is_stamp(line)) {
    using namespace std::chrono;
    const year_month_day date(year(number(line, 0, 4)), month(static_cast<unsigned>(number(line, 5, 2))),
                              day(static_cast<unsigned>(number(line, 8, 2))));
    if (date.ok()) {
      const int nanos = number(line, 20, 9);
      out.at = sys_days(date) + hours(number(line, 11, 2)) + minutes(number(line, 14, 2)) +
               seconds(number(line, 17, 2)) + milliseconds(nanos / 1'000'000);
      out.nanos = nanos % 1'000'000;
      line.remove_prefix(kStamp);
      for (int i = 0; i < 2 && line.starts_with(' '); ++i) line.remove_prefix(1);
    }
  }
  out.text = line;
  return out;
}

std::vector<fs::path> logger_files(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end && !ignored; at.increment(ignored)) {
    const auto name = at->path().filename().string();
    if (name == "current" || name == "previous" ||
        (name.starts_with('@') && (name.ends_with(".s") || name.ends_with(".u"))))
      out.push_back(at->path());
  }
  // '@' sorts before letters, hexadecimal labels sort by time; what is being put away comes before what is being
  // written.
  std::ranges::sort(out, [](const fs::path& a, const fs::path& b) {
    const auto rank = [](const std::string& name) { return name == "current" ? 2 : name == "previous" ? 1 : 0; };
    const auto x = a.filename().string(), y = b.filename().string();
    return std::make_pair(rank(x), x) < std::make_pair(rank(y), y);
  });
  return out;
}

std::vector<LoggerReader::Entry> LoggerReader::list(const fs::path& folder) {
  std::vector<Entry> out;
  for (const auto& path : logger_files(folder)) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) out.push_back(Entry{path, static_cast<std::uint64_t>(info.st_ino)});
  }
  return out;
}

// By inode: the file may have been put away under another name since it was listed.
std::optional<File> LoggerReader::open(const Entry& entry) const {
  const auto open_same = [&](const fs::path& path) -> std::optional<File> {
    auto file = File::open(path, O_RDONLY);
    struct stat info {};
    if (!file || ::fstat(file->fd(), &info) != 0 || static_cast<std::uint64_t>(info.st_ino) != entry.inode)
      return std::nullopt;
    return std::move(*file);
  };
  if (auto file = open_same(entry.path)) return file;
  for (const auto& other : list(folder_))
    if (other.inode == entry.inode) return open_same(other.path);
  return std::nullopt;
}

LoggerReader::LoggerReader(fs::path folder, const std::optional<Position>& from) : folder_(std::move(folder)) {
  // Two listings that agree: no file was put away between the names of the first and their inodes.
  auto listed = list(folder_);
  for (int turn = 0; turn < kTurns; ++turn) {
    auto again = list(folder_);
    if (again == listed) break;
    listed = std::move(again);
    if (turn == kTurns - 1) {
      position_ = from;
      return;
    }
  }
  files_.assign(listed.begin(), listed.end());
  if (!from) return;
  position_ = from;
  auto found = std::ranges::find(files_, from->inode, &Entry::inode);
  std::optional<File> file;
  // A file that is being put away can be missed by a listing: it is looked for again before it counts as removed.
  for (int turn = 0; turn < kTurns; ++turn) {
    if (found != files_.end()) file = open(*found);
    if (file) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    listed = list(folder_);
    files_.assign(listed.begin(), listed.end());
    found = std::ranges::find(files_, from->inode, &Entry::inode);
  }
  if (!file || first_stamp(*file) != from->first) {
    // It is gone: what began before it was read, what began later follows.
    lost_ = true;
    std::erase_if(files_, [&](const Entry& entry) {
      const auto other = open(entry);
      return other && first_stamp(*other) <= from->first;
    });
    return;
  }
  files_.erase(files_.begin(), found);
  file_ = std::move(file);
  first_ = from->first;
  offset_ = from->offset;
  position_ = from;
}

void LoggerReader::skip_files_before(Time since) {
  if (position_) return;
  while (files_.size() > 1) {
    const auto put_away = time_of_label(files_.front().path.filename().string());
    if (!put_away || *put_away + std::chrono::minutes(2) >= since) break;
    files_.pop_front();
  }
}

void LoggerReader::skip_to_last(std::size_t count) {
  if (position_) return;
  std::size_t lines = 0;
  std::size_t keep = 0;
  while (keep < files_.size() && lines < count) {
    ++keep;
    const auto file = open(files_[files_.size() - keep]);
    for (std::uint64_t offset = 0; file;) {
      const auto piece = file->read_at(offset, kPiece);
      if (!piece || piece->empty()) break;
      lines += static_cast<std::size_t>(std::ranges::count(*piece, '\n'));
      offset += piece->size();
    }
  }
  files_.erase(files_.begin(), files_.end() - static_cast<std::ptrdiff_t>(keep));
}

void LoggerReader::leave_file() {
  files_.pop_front();
  file_.reset();
  offset_ = 0;
  buffer_.clear();
  at_ = 0;
}

// Until a whole line lies in the buffer; false when the file at hand has none for now.
bool LoggerReader::fill() {
  while (buffer_.find('\n', at_) == std::string::npos && buffer_.size() - at_ < kLongestLine) {
    auto more = file_->read_at(offset_ + (buffer_.size() - at_), kPiece);
    if (!more || more->empty()) return false;
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_ += *more;
  }
  return true;
}

const LoggedLine* LoggerReader::peek() {
  if (next_) return &*next_;
  while (true) {
    if (files_.empty()) return nullptr;
    if (!file_) file_ = open(files_.front());
    if (file_ && fill()) break;
    // The last file may still grow; one that is gone was the oldest and is kept no more.
    if (file_ && files_.size() == 1) return nullptr;
    if (!file_ && position_) lost_ = true;
    leave_file();
  }
  const auto end = std::min(buffer_.find('\n', at_), at_ + kLongestLine);
  const bool has_end = end < buffer_.size() && buffer_[end] == '\n';
  next_ = parse_logged_line(std::string_view(buffer_).substr(at_, end - at_), last_);
  next_size_ = end - at_ + (has_end ? 1 : 0);
  last_ = next_->at;
  return &*next_;
}

LoggedLine LoggerReader::pop() {
  if (offset_ == 0) first_ = first_stamp(*file_);
  offset_ += next_size_;
  at_ += next_size_;
  position_ = Position{files_.front().inode, offset_, first_};
  auto line = std::move(*next_);
  line.after_gap = std::exchange(lost_, false);
  next_.reset();
  return line;
}

std::optional<Position> LoggerReader::position() const {
  if (position_ || !next_) return position_;
  return Position{files_.front().inode, 0, first_stamp(*file_)};
}

}  // namespace sluice::logs
