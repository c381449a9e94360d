#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// Logs are files by stack, stage and deployment under one folder, compressed (zstd) when finished, kept beyond the
// deployment. One log per (deployment, step); a reader never loads one whole.
namespace sluice::logs {

struct LogName {
  std::string stack, stage, deployment;  // ids
  std::string step;                      // "building", "releasing" …: a deployment state's name
};

// Appends to one log. Text is written as it comes, each line led by its RFC 3339 time and a space; what the masks name
// is written as ***, also where it comes in pieces (so a piece that may begin a masked value is held back until it is
// clear). At most `limit` bytes: then one line says that the rest was cut; of that the last 16 KiB come with finish().
// Any thread may write; what was written survives the death of this process. A full disk loses text, and nothing else.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void write(std::string_view text) = 0;  // any bytes; lines may arrive in pieces; never throws
  virtual void finish() = 0;                      // no more will come; compresses
  void line(std::string_view text) { write(std::string(text) + "\n"); }
};

struct Chunk {
  std::string text;        // whole lines, but for a line longer than the limit, and one that has waited a second
  std::uint64_t next = 0;  // byte offset in the uncompressed log to go on from
  bool finished = false;   // nothing more will ever come after `next`
};

class Logs {
 public:
  // `clock`: the system's when absent; borrowed.
  explicit Logs(std::filesystem::path root, std::uint64_t limit = 256u << 20, const Clock* clock = nullptr);
  // Opening again after a restart goes on at the end. `masks`: values of secret variables (shorter than 4 bytes:
  // ignored).
  Result<std::unique_ptr<Writer>> append(const LogName& name, std::vector<std::string> masks);
  // Cheap enough to ask ten times a second: may read(name, after) give something now, or say that it is finished?
  bool changed_since(const LogName& name, std::uint64_t after) const;
  // At most `limit` bytes from `after`. not_found when there is no such log (yet).
  Result<Chunk> read(const LogName& name, std::uint64_t after, std::size_t limit = 256 << 10) const;
  // The last lines, without their times: what a failure carries.
  std::vector<std::string> tail(const LogName& name, std::size_t lines) const;
  // Steps that have a log, in the order they were begun.
  std::vector<std::string> steps(const std::string& stack, const std::string& stage,
                                 const std::string& deployment) const;
  // Where the supervisor's loggers write the runtime log of one instance: ROOT/STACK/STAGE/runtime/INSTANCE/ (s6-log
  // format: `current` and rotated @*.s files, each line led by an ISO 8601 time from s6-log's T directive).
  std::filesystem::path runtime_dir(const std::string& stack, const std::string& stage) const;
  std::filesystem::path root() const { return root_; }

 private:
  std::filesystem::path root_;
  std::uint64_t limit_;
  const Clock* clock_;
};

// One line of a runtime or access log.
struct Line {
  Time at{};
  std::string instance;  // "12.3.0": change, attempt and instance number; empty for access logs
  std::string text;
  bool after_gap = false;  // lines before it, after the cursor, were removed before they were read
};
// Lines of all instances of a stage, merged by time, oldest first, from `since` (or after the cursor), at most `limit`
// and some 256 KiB of text, and of those that `keep` refuses at most some 4 MiB. The cursor is opaque (printable, fit
// for a URL as it is) and survives rotation and a restart: following it gives no line twice and misses none that is
// kept. With a cursor `since` counts for instances that are new since. `keep` sees the text of a line and decides
// whether it is given. A folder that does not exist has no lines.
struct Lines {
  std::vector<Line> lines;
  std::string cursor;
  bool more = false;  // a limit ended it: there may be more right now
};
Result<Lines> read_lines(const std::filesystem::path& runtime_dir, std::optional<Time> since, const std::string& cursor,
                         std::size_t limit = 2000, const std::function<bool(std::string_view)>& keep = {});
// The newest `count` lines, oldest first, and the cursor to follow them with.
Result<Lines> last_lines(const std::filesystem::path& runtime_dir, std::size_t count,
                         const std::function<bool(std::string_view)>& keep = {});
// The same of one logger's own folder (the gateway's access log); `instance` stays empty.
Result<Lines> read_logger(const std::filesystem::path& logger_dir, std::optional<Time> since, const std::string& cursor,
                          std::size_t limit = 2000, const std::function<bool(std::string_view)>& keep = {});
Result<Lines> last_logger_lines(const std::filesystem::path& logger_dir, std::size_t count,
                                const std::function<bool(std::string_view)>& keep = {});
// Whether reading on from the cursor may give something; a few stat calls, for a follower to ask ten times a second. Of
// a runtime folder as of a logger's.
bool changed_since(const std::filesystem::path& dir, const std::string& cursor);

}  // namespace sluice::logs
