#pragma once
#include <filesystem>
#include <string>

namespace sluice::postgres {

// The line of a shell with which a person removes a database and its role, everybody who is connected included; for the
// user that the cluster runs as, while it runs. `dir` is Cluster::Options', `name` as Cluster takes it.
std::string drop_line(const std::filesystem::path& dir, const std::string& name);

}  // namespace sluice::postgres
