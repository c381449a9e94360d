#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::metrics {

// How often each duration came, in whole milliseconds: exact below 32, above it in classes of a sixteenth of a power of
// two, so that a percentile is wrong by 1/32 (3.2 %) at most. Two are added by adding their classes; what is longer
// than the last class (70 minutes) is counted there.
class Histogram {
 public:
  void add(std::int64_t milliseconds, std::uint64_t times = 1);
  void add(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const;
  // The smallest duration that at least `share` (0 to 1) of all do not pass, to the class's middle. 0 when empty.
  [[nodiscard]] double percentile(double share) const;
  // How many were at most this long, as far as classes tell: one that ends above is not counted.
  [[nodiscard]] std::uint64_t at_most(std::int64_t milliseconds) const;
  [[nodiscard]] double sum() const;  // of all durations, by the middles of their classes
  [[nodiscard]] bool empty() const { return counts_.empty(); }

  // Appends to `out`; an empty one takes no byte. A handful of classes takes a handful of bytes.
  void encode(std::string& out) const;
  // Whole text; false when it is not what encode() writes.
  bool decode(std::string_view text);

  bool operator==(const Histogram&) const = default;

 private:
  std::vector<std::uint64_t> counts_;  // by class, as far as the highest that came
};

// Numbers as base 128 with continuation bits (LEB128), small ones in one byte.
void put_number(std::string& out, std::uint64_t number);
bool take_number(std::string_view& text, std::uint64_t& number);

}  // namespace sluice::metrics
