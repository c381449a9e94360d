#pragma once
#include <filesystem>
#include <stop_token>

#include "platform/local/site.h"

namespace sluice::platform::local {

// Until it is told to stop: when s6 is gone, killed from outside, starts it again within a second or two, and with it
// the gateway, the databases and all instances.
void keep_supervised(Site& site, const std::filesystem::path& supervisor, const std::stop_token& stop);

}  // namespace sluice::platform::local
