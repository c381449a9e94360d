#include "sandbox/fence.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace sluice::sandbox {

Fence fence() {
  constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  return {version >= 4, version >= 6};
}

}  // namespace sluice::sandbox
