#pragma once
#include <filesystem>
#include <functional>

#include "build/builder.h"

namespace sluice::build {

// Variables of the server's own environment that builds are given where they are set: how to reach package registries.
// They are not part of what a build is a function of (docs/apps.md).
extern const char* const kPassedThrough[28];

// Runs the plan's build command in the sandbox: `tree` at /app, `cache` at /cache, `scratch` for its environment. What
// it prints goes to input.log; the Error carries its last line, with the variables' values masked.
Result<> run_build(const BuildInput& input, const Plan& plan, const sandbox::Sandbox& sandbox, const Clock& clock,
                   DiskWatch::Build& watched, const std::filesystem::path& tree, const std::filesystem::path& cache,
                   const std::filesystem::path& scratch);

}  // namespace sluice::build
