#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"

namespace sluice::store {

// Values over time in a file of its own, beside the database of stacks and never in its way: what is written does not
// wait for the disk. A value is bytes that the caller can add to each other. Any thread.
class Series {
 public:
  struct Value {
    std::string subject;    // whose
    std::int64_t step = 0;  // how long a span is; each step is a row of spans of its own
    std::int64_t at = 0;    // when the span begins
    std::string bytes;
  };
  struct Note {  // kept in the same transaction
    std::string name, text;
  };
  struct Keep {
    std::int64_t step = 0;
    std::int64_t from = 0, until = 0;  // what begins before, and what begins then or later, goes
  };
  // Opens or makes the file. One that is damaged, or of another form, is renamed FILE.damaged and begun anew, then and
  // whenever it is noticed: the call that notices fails, the next one finds an empty file.
  static Result<std::unique_ptr<Series>> open(const std::filesystem::path& file);

  // Puts `add(what is there, what comes)` in the place of what is there; the first is empty where nothing was. All of
  // it or nothing.
  Result<> add(const std::vector<Value>& values, const std::vector<Note>& notes,
               const std::function<std::string(std::string_view, std::string_view)>& add);
  // In the order of time, from the span that begins at `from` to before `until`.
  Result<> read(const std::string& subject, std::int64_t step, std::int64_t from, std::int64_t until,
                const std::function<void(std::int64_t at, std::string_view bytes)>& take);
  Result<std::string> note(const std::string& name);  // empty when there is none
  Result<> prune(const std::vector<Keep>& keep);

 private:
  Series(std::filesystem::path file, std::unique_ptr<Connection> connection)
      : file_(std::move(file)), connection_(std::move(connection)) {}
  static std::unique_ptr<Connection> connect(const std::filesystem::path& file);
  template <class F>
  Result<> guarded(F&& body);

  std::filesystem::path file_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace sluice::store
