#pragma once
#include <cstdint>

#include "base/result.h"

namespace sluice::postgres {

// A port of 127.0.0.1 that can be listened on (0: one picked by the kernel); conflict when another program has it.
Result<std::uint16_t> free_port(std::uint16_t port);

}  // namespace sluice::postgres
