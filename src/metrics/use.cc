#include "metrics/use.h"

#include <algorithm>

namespace sluice::metrics {
namespace {

// Members in the order they are written, all but the histogram.
constexpr std::size_t kNumbers = 8;
std::array<std::uint64_t, kNumbers> numbers_of(const Use& use) {
  return {use.instance_ms, use.cpu_us,      use.memory,      use.peak,
          use.requests[0], use.requests[1], use.requests[2], use.requests[3]};
}

std::uint64_t share(std::uint64_t sum, std::uint64_t of, std::uint64_t whole) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(sum) * of / whole);
}

}  // namespace

void Use::add(const Use& other) {
  instance_ms += other.instance_ms;
  cpu_us += other.cpu_us;
  memory += other.memory;
  peak = std::max(peak, other.peak);
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i] += other.requests[i];
  latency.add(other.latency);
}

Use Use::part(std::uint64_t begin, std::uint64_t end, std::uint64_t whole) const {
  const auto between = [&](std::uint64_t sum) { return share(sum, end, whole) - share(sum, begin, whole); };
  Use out;
  out.instance_ms = between(instance_ms);
  out.cpu_us = between(cpu_us);
  out.memory = between(memory);
  out.peak = peak;
  return out;
}

std::string Use::encode() const {
  std::string out;
  for (auto number : numbers_of(*this)) put_number(out, number);
  latency.encode(out);
  return out;
}

bool Use::decode(std::string_view text, Use& out) {
  std::array<std::uint64_t, kNumbers> numbers{};
  for (auto& number : numbers) {
    if (!take_number(text, number)) return false;
  }
  out = {};
  out.instance_ms = numbers[0];
  out.cpu_us = numbers[1];
  out.memory = numbers[2];
  out.peak = numbers[3];
  std::copy_n(numbers.begin() + 4, 4, out.requests.begin());
  return out.latency.decode(text);
}

}  // namespace sluice::metrics
