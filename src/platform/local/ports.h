#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

// Ports of 127.0.0.1.
namespace sluice::platform::local {

// One that nobody listens on, not of `taken`, and outside the range from which the kernel takes the near ends of
// outgoing connections: the gateway's own connections could otherwise sit on it just when an app wants it (again).
// Any of them is as likely as any other: two servers on one machine, choosing at once, should not choose the same.
Result<std::int64_t> free_port(const std::set<std::int64_t>& taken);
bool is_free(std::int64_t port);
// The ports that these processes listen on, by whatever address; empty also when the kernel does not tell.
std::set<std::int64_t> listening(const std::vector<int>& pids);
// Whether what a program wrote last tells that the sandbox refused it a port (sandbox::Spec::listens), in the words of
// the usual languages.
bool tells_of_refused_port(const std::vector<std::string>& lines);

}  // namespace sluice::platform::local
