#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "logs/logs.h"
#include "logs/masker.h"
#include "logs/place.h"
#include "logs/seekable.h"

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kLast = "--- its last lines: ---";
constexpr std::size_t kLastBytes = 16u << 10;
constexpr std::string_view kCut = "--- this log has reached its limit: the rest was cut ---";
// A log that nobody may write any more is finished; so readers know it before it is compressed, and if it never is.
constexpr mode_t kLive = 0640;
constexpr mode_t kFinished = 0440;

class FileWriter final : public Writer {
 public:
  FileWriter(File file, fs::path path, std::uint64_t size, std::uint64_t limit, const std::vector<std::string>& masks,
             const Clock* clock)
      : file_(std::move(file)), path_(std::move(path)), limit_(limit), size_(size), masker_(masks), clock_(clock) {
    const std::string tail = file_->read_at(size_ - std::min<std::uint64_t>(size_, kCut.size() + 1), 128).value_or("");
    cut_ = tail.starts_with(kCut);
    torn_ = !tail.empty() && tail.back() != '\n';
  }
  ~FileWriter() override {
    const std::lock_guard lock(mutex_);
    flush();
  }
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    if (!file_) return;
    // In pieces, so that what one call needs in memory does not grow with the text.
    for (std::size_t at = 0; at < text.size(); at += kPiece) {
      std::string clear;
      masker_.feed(text.substr(at, kPiece), clear);
      append(clear);
    }
  }

  void finish() override {
    const std::lock_guard lock(mutex_);
    if (!file_) return;
    flush();
    put_last();
    if (in_line_) put("\n");
    ::fchmod(file_->fd(), kFinished);
    file_.reset();
    if (size_ < kWorthIt) return;
    if (compress_file(path_, compressed(path_))) ::unlink(path_.c_str());
  }

 private:
  static constexpr std::size_t kPiece = 256u << 10;
  // A shorter log takes one block of the disk anyway, and compressing it a millisecond of every step.
  static constexpr std::uint64_t kWorthIt = 4096;

  void flush() {
    if (!file_) return;
    std::string clear;
    masker_.flush(clear);
    append(clear);
  }

  void append(std::string_view text) {
    if (text.empty()) return;
    if (cut_) return keep_last(text);
    const std::string_view all = text;
    const std::string time = to_rfc3339(clock_ ? clock_->now() : SystemClock().now()) + " ";
    std::string out;
    out.reserve(text.size() + 64);
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      if (!in_line_) out += time;
      out += text.substr(0, end);
      in_line_ = text[end - 1] != '\n';
      text.remove_prefix(end);
    }
    if (size_ + out.size() > limit_) {
      keep_last(all);
      cut(out, time);
      return;
    }
    put(out);
  }

  void cut(std::string& out, const std::string& time) {
    cut_ = true;
    out.resize(static_cast<std::size_t>(limit_ > size_ ? limit_ - size_ : 0));
    const auto line_end = out.rfind('\n');
    out.resize(line_end == std::string::npos ? 0 : line_end + 1);
    const bool breaks_line = out.empty() && size_ > 0 && !at_line_start_;
    out += (breaks_line ? "\n" : "") + time + std::string(kCut) + "\n";
    put(out);
    in_line_ = false;
  }

  // What ended it stands at the end: that comes after the cut, when no more follows.
  void keep_last(std::string_view text) {
    last_ += text;
    if (last_.size() > 2 * kLastBytes) last_.erase(0, last_.size() - kLastBytes);
  }

  void put_last() {
    if (last_.size() > kLastBytes) last_.erase(0, last_.size() - kLastBytes);
    if (const auto whole = last_.find('\n'); whole + 1 < last_.size()) last_.erase(0, whole + 1);
    if (last_.empty()) return;
    const std::string time = to_rfc3339(clock_ ? clock_->now() : SystemClock().now()) + " ";
    std::string out = time + std::string(kLast) + "\n";
    for (std::string_view rest = last_; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size() - 1) + 1;
      out += time;
      out += rest.substr(0, end);
      rest.remove_prefix(end);
    }
    if (out.back() != '\n') out += '\n';
    put(std::move(out));
    last_.clear();
  }

  void put(std::string out) {
    if (torn_) out.insert(0, "\n");
    struct stat before {};
    const bool known = ::fstat(file_->fd(), &before) == 0;
    if (file_->write_all(out)) {
      torn_ = false;
      size_ += out.size();
      at_line_start_ = out.back() == '\n';
      return;
    }
    // The disk is full: a part may have gone out. Whatever comes next begins a line of its own.
    struct stat after {};
    if (known && ::fstat(file_->fd(), &after) == 0 && after.st_size > before.st_size) {
      size_ = static_cast<std::uint64_t>(after.st_size);
      at_line_start_ = false;
    }
    torn_ = !at_line_start_;
    in_line_ = false;
  }

  std::mutex mutex_;
  std::optional<File> file_;
  const fs::path path_;
  const std::uint64_t limit_;
  std::uint64_t size_;
  Masker masker_;
  const Clock* const clock_;
  bool in_line_ = false;       // the next byte of text continues a line that has its time
  bool at_line_start_ = true;  // of the file itself
  bool torn_ = false;          // the file ends in the middle of a line that nobody will continue
  bool cut_ = false;
  std::string last_;  // of what was cut
};

// What was finished is taken up again, as after a crash between the end of a step and the word of it.
Result<> reopen(const fs::path& path) {
  std::error_code ignored;
  const auto packed = compressed(path);
  if (!fs::exists(packed, ignored)) return {};
  if (!fs::exists(path, ignored))
    if (auto done = decompress_file(packed, path); !done) return done;
  fs::remove(packed, ignored);
  return {};
}

}  // namespace

Result<std::unique_ptr<Writer>> Logs::append(const LogName& name, std::vector<std::string> masks) {
  auto folder = folder_of(root_, name.stack, name.stage, name.deployment);
  if (!folder) return fail(std::move(folder.error()));
  if (!is_name(name.step)) return fail(ErrorKind::invalid, fmt::format("'{}' cannot name a log", name.step));
  if (auto made = make_dirs(*folder); !made) return fail(made.error().while_("opening a log"));
  auto path = find_log(*folder, name.step).value_or(next_log(*folder, name.step));
  if (auto ready = reopen(path); !ready) return fail(ready.error().while_("opening a log again"));
  ::chmod(path.c_str(), kLive);
  auto file = File::open(path, O_RDWR | O_CREAT | O_APPEND, kLive);
  if (!file) return fail(std::move(file.error()));
  struct stat info {};
  if (::fstat(file->fd(), &info) != 0) return fail(ErrorKind::failed, "cannot look at " + path.string());
  return std::make_unique<FileWriter>(std::move(*file), path, static_cast<std::uint64_t>(info.st_size), limit_, masks,
                                      clock_);
}

}  // namespace sluice::logs
