#pragma once
#include <string>

#include "base/result.h"

// What the kernel does for no one inside, beyond what namespaces and lost privileges keep away: seccomp(2).
namespace sluice::sandbox {

// A program of the kernel's packet filter, as bubblewrap's --seccomp reads it. Refused are user namespaces and mounts,
// the keys of whoever started the server (keyrings know no namespace), kernel interfaces that no app needs and others
// have broken out by, terminals' input queues, and sockets that lead to the machine below (vsock) or around the rule of
// ports (fence.h). Refusals are errors, never signals: what tries whether it may goes on without. Without
// `may_share_ports` SO_REUSEPORT is taken and does nothing: it would let one app in on another's port, or the
// gateway's, as all of them are the same user.
Result<std::string> kernel_filter(bool may_share_ports);

}  // namespace sluice::sandbox
