#include "base/size.h"

#include <charconv>
#include <iterator>

namespace sluice {

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  int shift = -1;
  if (unit == "K" || unit == "KB" || unit == "KiB") shift = 10;
  if (unit == "M" || unit == "MB" || unit == "MiB") shift = 20;
  if (unit == "G" || unit == "GB" || unit == "GiB") shift = 30;
  if (shift < 0 || number > (std::int64_t{1} << 50) >> shift) return std::nullopt;
  return number << shift;
}

std::string size_text(std::int64_t bytes) {
  constexpr const char* kUnits[] = {" bytes", " KB", " MB", " GB"};
  const auto whole = [bytes](int unit) { return bytes >> (10 * unit); };
  const auto tenths_times_size = [bytes](int unit) { return (bytes & ((std::int64_t{1} << (10 * unit)) - 1)) * 10; };
  const auto with_tenths = [&](int unit) {
    return std::to_string(whole(unit)) + "." + std::to_string(tenths_times_size(unit) >> (10 * unit)) + kUnits[unit];
  };
  int largest = 0;
  while (largest + 1 < static_cast<int>(std::size(kUnits)) && whole(largest + 1) > 0) ++largest;
  for (int unit = largest; unit >= 0; --unit) {
    if (unit != largest && whole(unit) >= 10'000) break;
    const auto rest = tenths_times_size(unit);
    if (rest == 0) return std::to_string(whole(unit)) + kUnits[unit];
    if (rest % (std::int64_t{1} << (10 * unit)) == 0) return with_tenths(unit);
  }
  return whole(largest) < 100 ? with_tenths(largest) : std::to_string(whole(largest)) + kUnits[largest];
}

}  // namespace sluice
