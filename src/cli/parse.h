#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/args.h"

namespace sluice::cli {

// What came of reading a command line: a command to run, or text to show and the exit status to end with.
struct Parsed {
  std::optional<Args> args;
  std::string out;  // help or version, for standard output
  std::string err;  // one sentence, for standard error
  Exit exit = Exit::done;
};
Parsed parse(const std::vector<std::string>& words, const Hooks& hooks);

// Every command by its whole name, sorted; and its options ("--json" …). For completion and its test.
struct CommandShape {
  std::string name, description;
  std::vector<std::string> options;
  std::string help;
  // What an option's value, or a word at its place, is: "stack", "stage", "deployment", "file", "none" (nothing that
  // could be listed), or the words it may be, joined by commas. Options without a value are not in `takes`.
  std::vector<std::pair<std::string, std::string>> takes;
  std::vector<std::string> places;
};
std::vector<CommandShape> command_shapes(const Hooks& hooks);

}  // namespace sluice::cli
