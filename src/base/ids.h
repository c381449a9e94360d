#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// A string that can only be compared with its own kind.
template <class Tag>
struct Id {
  std::string value;
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool empty() const { return value.empty(); }
};

// The port for randomness; seeded in tests and in the simulator.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// The kernel's generator (getrandom).
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// `length` characters of lower-case base32 without look-alikes (0-9 a-z less i l o u), five bits each.
std::string random_id(Random& random, std::size_t length);

// A DNS label: 1 to `longest` of a-z 0-9 and '-', neither first nor last a '-' (R1.1, R2.3).
bool is_dns_label(std::string_view text, std::size_t longest = 32);

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Id<Tag>> {
  std::size_t operator()(const sluice::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.value); }
};
