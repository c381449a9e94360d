#include "metrics/access_line.h"

#include <charconv>

namespace sluice::metrics {
namespace {

std::optional<std::int64_t> number_at(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return std::nullopt;
  return number;
}

// The number after `name` in what follows the status.
std::optional<std::int64_t> field(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  return at == std::string_view::npos ? std::nullopt : number_at(text.substr(at + name.size()));
}

}  // namespace

std::optional<Request> parse_access_line(std::string_view line) {
  const auto space = line.find(' ');
  const auto fields = line.rfind(" bytes=");  // all that follows is HAProxy's
  if (space == std::string_view::npos || fields == std::string_view::npos || fields < space) return std::nullopt;
  Request out;
  out.stage = line.substr(0, space);
  if (out.stage.empty() || out.stage == "-") return std::nullopt;
  const auto head = line.substr(0, fields);
  const auto status = number_at(head.substr(head.rfind(' ') + 1));
  const auto first = field(line.substr(fields), " first="), total = field(line.substr(fields), " total=");
  if (!status || !first || !total) return std::nullopt;
  out.status = static_cast<int>(*status);
  out.latency = *first >= 0 ? *first : *total;
  return out;
}

}  // namespace sluice::metrics
