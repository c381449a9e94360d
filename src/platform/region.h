#pragma once
#include <cstdint>
#include <optional>
#include <string>

// The places on this machine where stages run.
namespace sluice::platform {

// Stages are in it that name none; it is always there.
inline constexpr const char* kHomeRegion = "local";

// As a person asks for it.
struct Region {
  std::string name;
  std::string address = "127.0.0.1";                     // of its gateway, IPv4
  std::uint16_t port = 0;                                // 0: one that the kernel picks, and that it keeps
  std::optional<std::uint16_t> tls_port = std::nullopt;  // likewise; absent: no TLS
};

struct RegionState {
  Region region;                       // the ports it has
  std::optional<std::string> problem;  // why its stages wait; one sentence
  std::string warning;                 // of one that is up
};

}  // namespace sluice::platform
