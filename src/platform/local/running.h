#pragma once
#include <vector>

#include "platform/local/site.h"

namespace sluice::platform::local {

std::vector<RunningInstance> running(Site& site);

}  // namespace sluice::platform::local
