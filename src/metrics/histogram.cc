#include "metrics/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace sluice::metrics {
namespace {

constexpr int kBits = 4;  // 16 classes to a power of two
constexpr std::uint64_t kExact = 2u << kBits;
constexpr std::uint64_t kMost = (1u << 22) - 1;  // milliseconds

std::size_t class_of(std::int64_t milliseconds) {
  const auto value = std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(milliseconds, 0)), kMost);
  if (value < kExact) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kBits;
  return static_cast<std::size_t>(shift) * (kExact / 2) + (value >> shift);
}

struct Range {
  std::uint64_t low = 0, high = 0;  // both included
};
Range range_of(std::size_t index) {
  if (index < kExact) return {index, index};
  const auto shift = index / (kExact / 2) - 1;
  const auto low = (index - shift * (kExact / 2)) << shift;
  return {low, low + (std::uint64_t{1} << shift) - 1};
}

const std::size_t kClasses = class_of(static_cast<std::int64_t>(kMost)) + 1;

}  // namespace

void Histogram::add(std::int64_t milliseconds, std::uint64_t times) {
  if (times == 0) return;
  const auto index = class_of(milliseconds);
  if (counts_.size() <= index) counts_.resize(index + 1);
  counts_[index] += times;
}

void Histogram::add(const Histogram& other) {
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::uint64_t Histogram::count() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

double Histogram::percentile(double share) const {
  const auto all = count();
  if (all == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all))));
  std::uint64_t seen = 0;
  std::size_t index = 0;
  while (index + 1 < counts_.size() && (seen += counts_[index]) < wanted) ++index;
  const auto range = range_of(index);
  return static_cast<double>(range.low + range.high) / 2;
}

double Histogram::sum() const {
  double out = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    out += static_cast<double>(range_of(i).low + range_of(i).high) / 2 * static_cast<double>(counts_[i]);
  return out;
}

std::uint64_t Histogram::at_most(std::int64_t milliseconds) const {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < counts_.size() && range_of(i).high <= static_cast<std::uint64_t>(milliseconds); ++i)
    out += counts_[i];
  return out;
}

void Histogram::encode(std::string& out) const {
  std::size_t last = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    put_number(out, i - last);
    put_number(out, counts_[i]);
    last = i;
  }
}

bool Histogram::decode(std::string_view text) {
  counts_.clear();
  std::uint64_t index = 0;
  while (!text.empty()) {
    std::uint64_t gap = 0, times = 0;
    if (!take_number(text, gap) || !take_number(text, times) || gap >= kClasses || (index += gap) >= kClasses)
      return false;
    if (counts_.size() <= index) counts_.resize(index + 1);
    counts_[index] += times;
  }
  return true;
}

void put_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(0x80 | (number & 0x7f));
  out += static_cast<char>(number);
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace sluice::metrics
