#pragma once
#include <filesystem>

#include "base/result.h"
#include "supervise/supervisor.h"

// What s6-svstat, s6-svdt, s6-svc and s6-svscanctl do, through the library they are made of (libs6): no process each.
namespace sluice::supervise::s6 {

// Of a service's folder; nothing but the defaults while no s6-supervise runs for it.
Status status(const std::filesystem::path& service);
int pid(const std::filesystem::path& service);  // 0 when down or unknown

// The letters of s6-svc's options, as "u" or "dk". Unavailable when nothing supervises the folder.
Result<> control(const std::filesystem::path& service, const char* letters);
// The letters of s6-svscanctl's options, as "a".
Result<> control_all(const std::filesystem::path& scan, const char* letters);

}  // namespace sluice::supervise::s6
