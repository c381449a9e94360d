#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "doctor/finding.h"
#include "sandbox/fence.h"

// What can be seen of a server from its machine, also while it does not run: each look is real, takes well under a
// second and changes nothing.
namespace sluice::doctor {

// Of the file system the data directory lies on.
Finding free_space(const std::filesystem::path& data);
// In bytes. warning: under a tenth or 2 GB; problem: under 500 MB.
Finding free_space(std::uint64_t free, std::uint64_t total);
// Whether a file can be written there, by writing one.
Finding writable(const std::filesystem::path& data);
// SQLite's own look at the file, as far as it is quick (Store::look).
Finding database(const std::filesystem::path& data);
// `secret.key`: whether it is there and nobody else may read it.
Finding key_file(const std::filesystem::path& data);
// The programs that Sluice is made of, found in PATH.
Finding programs();
// Starts nothing in a sandbox, to see that namespaces can be made. warning: this kernel does not keep apps from all of
// each other's ports.
Finding sandboxes();
// The last part alone.
Finding sandboxes(const sandbox::Fence& fence);
// Whether a cloud tells this machine, and so every app on it, its credentials: an address of IPv4 that is only
// connected to. The remedy names the user of this process.
Finding metadata(const std::string& address = "169.254.169.254", std::uint16_t port = 80);
// Whether programs that ask the system resolve the names under which apps are reached.
Finding names(const std::string& host = "doctor.localhost");
// Whether s6 supervises the services of this data directory.
Finding supervisor(const std::filesystem::path& data);
// Whether HAProxy answers.
Finding gateway(const std::filesystem::path& data);
// Whether PostgreSQL can be reached, where stages have had databases of Sluice's.
Finding databases(const std::filesystem::path& data);

}  // namespace sluice::doctor
