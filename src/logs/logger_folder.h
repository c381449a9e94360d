#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "logs/seekable.h"

// The folder that one s6-log writes: `current`, and older files named by the moment they were put away.
namespace sluice::logs {

// A place between two lines of one logger. A file is known by its inode and by the stamp of its first line, since
// inodes are used again; it keeps both when it is put away under another name.
struct Position {
  std::uint64_t inode = 0, offset = 0;
  std::string first;  // digits of the first line's stamp
  bool operator==(const Position&) const = default;
};

struct LoggedLine {
  Time at{};
  int nanos = 0;  // within the millisecond
  std::string text;
  bool after_gap = false;  // what followed the position is not all there any more
};

// "2026-01-31 09:30:00.123456789  text", as s6-log's T directive leads a line in UTC. A line without such a stamp is
// given `otherwise` for its time.
LoggedLine parse_logged_line(std::string_view line, Time otherwise);

// Oldest first.
std::vector<std::filesystem::path> logger_files(const std::filesystem::path& folder);

// Gives the lines of a logger one after another, whole ones only, with flat memory and one file open at a time. It
// gives what was there when it was made and what is added to its last file; what comes after a rotation is for the next
// reader.
class LoggerReader {
 public:
  // From `from`, where that file is still kept; else from the oldest line that is.
  LoggerReader(std::filesystem::path folder, const std::optional<Position>& from);
  // Before the first peek(): leaves out files that were put away before then, unless it reads on from a position.
  void skip_files_before(Time since);
  // Before the first peek(): begins as late as it can so that at least `count` lines are given.
  void skip_to_last(std::size_t count);
  // The line that comes next, or nothing for now. The same until pop().
  const LoggedLine* peek();
  LoggedLine pop();
  // After what was popped, else before what was peeked at.
  [[nodiscard]] std::optional<Position> position() const;

 private:
  struct Entry {
    std::filesystem::path path;
    std::uint64_t inode = 0;
    bool operator==(const Entry&) const = default;
  };
  static std::vector<Entry> list(const std::filesystem::path& folder);
  [[nodiscard]] std::optional<File> open(const Entry& entry) const;
  bool fill();
  void leave_file();

  std::filesystem::path folder_;
  std::deque<Entry> files_;  // the front one is `file_` once that is open
  std::optional<File> file_;
  std::string first_;
  std::optional<Position> position_;
  std::uint64_t offset_ = 0;  // in file_, of buffer_[at_]
  std::string buffer_;
  std::size_t at_ = 0;
  std::optional<LoggedLine> next_;
  std::size_t next_size_ = 0;
  Time last_{};
  bool lost_ = false;
};

}  // namespace sluice::logs
