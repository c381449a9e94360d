#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace sluice::build {

// What sluice.toml says; what it leaves out is absent.
struct SluiceToml {
  std::optional<std::string> build, run, release, verify, health_path;
  std::optional<Duration> health_timeout, health_interval;
  std::optional<Duration> build_timeout, release_timeout, verify_timeout;
  std::optional<std::int64_t> memory, build_memory, artifact_size;  // bytes
  std::optional<std::int64_t> artifact_files;
  std::optional<double> cpus;
};
// Strict: an unknown key, one of another type or out of range is an Error that names its line and what would be right.
Result<SluiceToml> parse_sluice_toml(std::string_view text);

// The name of the program that a Cargo.toml builds: its first [[bin]], else its [package]; nothing when it has neither.
std::optional<std::string> cargo_program(std::string_view cargo_toml);
// Whether a pyproject.toml describes a package that can be installed ([project] or [build-system] or [tool.poetry]).
bool is_python_package(std::string_view pyproject_toml);

}  // namespace sluice::build
