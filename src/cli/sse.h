#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace sluice::cli {

// One server-sent event (WHATWG HTML, 9.2.6).
struct StreamEvent {
  std::string type;  // "message" when not said
  std::string data;  // its data lines, joined by line breaks
  std::string id;    // the newest id seen so far
};

// Bytes in, in any pieces; whole events out.
class StreamParser {
 public:
  // `take` answers false to stop; then feed answers false.
  explicit StreamParser(std::function<bool(const StreamEvent&)> take) : take_(std::move(take)) {}
  bool feed(std::string_view bytes);
  // Of what is whole, also of an event without data, which is given to nobody.
  [[nodiscard]] const std::string& last_id() const { return whole_id_; }

 private:
  bool line(std::string_view text);
  std::function<bool(const StreamEvent&)> take_;
  std::string rest_, type_, data_, id_, whole_id_;
  bool has_data_ = false;
};

}  // namespace sluice::cli
