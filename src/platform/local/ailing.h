#pragma once
#include <vector>

#include "platform/local/site.h"

namespace sluice::platform::local {

// LocalPlatform::ailing.
std::vector<AilingInstance> ailing(Site& site);

}  // namespace sluice::platform::local
