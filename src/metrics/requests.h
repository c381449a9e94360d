#pragma once
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "metrics/use.h"

namespace sluice::metrics {

// Adds up lines of an access log by stage and span.
class Requests {
 public:
  explicit Requests(Duration span) : span_(span) {}
  // A line as s6-log leads it: "2026-01-31 09:30:00.123456789  text". What is none of ours is passed over.
  void take(std::string_view line);
  struct BySpan {
    std::map<Time, Use> spans;  // by when they begin
  };
  [[nodiscard]] const std::unordered_map<std::string, BySpan>& stages() const { return stages_; }

 private:
  Duration span_;
  std::unordered_map<std::string, BySpan> stages_;
  // Of the line before: the next one is mostly of the same second and stage.
  std::string second_, stage_;
  Time at_{};
  Use* use_ = nullptr;
};

}  // namespace sluice::metrics
