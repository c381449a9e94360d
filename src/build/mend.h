#pragma once
#include <cstdint>
#include <filesystem>

#include "base/result.h"

// Artifacts whose files were changed or lost behind the builder's back.
namespace sluice::build {

// Whether all of an artifact is there, by counting: no file is read but plan.json and meta.json. The error says what is
// not as it was made.
Result<> look_over(const std::filesystem::path& artifact);

// Makes the kept artifact what the fresh one of the same name is, file by file where they differ; apps that run from it
// see that at once. Returns how many files, folders and links were not as they should be. `fresh` is used up.
Result<std::int64_t> mend(const std::filesystem::path& kept, const std::filesystem::path& fresh);

}  // namespace sluice::build
