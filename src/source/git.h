#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/process.h"
#include "base/result.h"

namespace sluice::source {

// The whole environment of every git that is run here: none of the machine's or the user's settings, all of ours.
std::map<std::string, std::string> git_environment();

bool is_commit_hash(std::string_view text);  // 40 (SHA-1) or 64 (SHA-256) lower-case hex digits

// Runs to the end; an Error of `doing` with git's own last words when it exits with anything but 0.
Result<std::string> run_git(const ProcessCommand& command, std::string_view doing);
// The last line that git wrote, without "fatal: " and "error: ".
std::string last_words(const std::string& errors);

}  // namespace sluice::source
