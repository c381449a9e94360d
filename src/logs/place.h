#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "logs/logs.h"

// Where the logs of a deployment lie: ROOT/STACK/STAGE/DEPLOYMENT/NN-STEP.log, NN counting the steps as they are begun;
// beside it, or in its stead, NN-STEP.log.zst once it is finished.
namespace sluice::logs {

Result<std::filesystem::path> folder_of(const std::filesystem::path& root, const std::string& stack,
                                        const std::string& stage, const std::string& deployment);

struct StepFile {
  int number = 0;
  std::string step;
};
// In the order they were begun, each once.
std::vector<StepFile> step_files(const std::filesystem::path& folder);
// Without ".zst". Nothing when the step has no log.
std::optional<std::filesystem::path> find_log(const std::filesystem::path& folder, const std::string& step);
// The path of a log that is about to be begun.
std::filesystem::path next_log(const std::filesystem::path& folder, const std::string& step);
std::filesystem::path compressed(std::filesystem::path log);

bool is_name(std::string_view text);  // can stand as one component of a path

}  // namespace sluice::logs
