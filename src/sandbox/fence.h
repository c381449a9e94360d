#pragma once

// The rule of ports, and of abstract sockets: Landlock, where the kernel has it.
namespace sluice::sandbox {

struct Fence {
  bool ports = false;     // from Linux 6.7: no one inside listens on another's TCP port
  bool abstract = false;  // from Linux 6.12: nor reaches an abstract Unix socket of the machine
};
// What this kernel holds, here: a container's own filter may keep it away.
Fence fence();

}  // namespace sluice::sandbox
