#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::gateway {

// A port that can be listened on (0: one picked by the kernel), or why not: conflict when it is taken. HAProxy shares
// its port by SO_REUSEPORT, so that it would start beside another program's HAProxy and get half of the requests; this
// does not share, and sees it.
Result<std::uint16_t> try_port(const std::string& address, std::uint16_t port);

}  // namespace sluice::gateway
