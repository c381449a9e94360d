#include "metrics/requests.h"

#include <charconv>
#include <optional>

#include "metrics/access_line.h"

namespace sluice::metrics {
namespace {

constexpr std::size_t kSecond = 19;  // "2026-01-31 09:30:00"
constexpr std::size_t kStamp = 29;   // with nine digits of a second

std::optional<Time> time_of(std::string_view second) {
  std::string text(second);
  text[10] = 'T';
  return from_rfc3339(text + ".000Z");
}

std::size_t class_of(int status) {
  if (status < 0) return 2;
  return status < 300 ? 0 : status < 400 ? 1 : status < 500 ? 2 : 3;
}

}  // namespace

void Requests::take(std::string_view line) {
  if (line.size() < kStamp + 2) return;
  const auto request = parse_access_line(line.substr(kStamp + 2));
  if (!request) return;
  const auto second = line.substr(0, kSecond);
  if (second != second_) {
    const auto at = time_of(second);
    if (!at) return;
    second_ = second;
    at_ = *at - at->time_since_epoch() % span_;
    use_ = nullptr;
  }
  if (use_ == nullptr || request->stage != stage_) {
    stage_ = request->stage;
    use_ = &stages_[stage_].spans[at_];
  }
  ++use_->requests[class_of(request->status)];
  use_->latency.add(request->latency);
}

}  // namespace sluice::metrics
