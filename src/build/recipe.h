#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "build/tree.h"

namespace sluice::build {

// How apps of one language are built and run, as told by the files that its own tools use.
struct Recipe {
  std::string found;       // the file that told
  std::string build;       // empty: nothing to do
  std::string run;         // empty: these files alone do not say
  std::string run_advice;  // then: what would, as half a sentence
  std::map<std::string, std::string> environment;
  std::vector<std::string> build_tools, run_tools;
};

// Each gives nothing when its files are not there.
Result<std::optional<Recipe>> node_recipe(const Tree& tree);
Result<std::optional<Recipe>> python_recipe(const Tree& tree);
Result<std::optional<Recipe>> go_recipe(const Tree& tree);
Result<std::optional<Recipe>> rust_recipe(const Tree& tree);
Result<std::optional<Recipe>> cmake_recipe(const Tree& tree);
Result<std::optional<Recipe>> php_recipe(const Tree& tree);
Result<std::optional<Recipe>> ruby_recipe(const Tree& tree);
Result<std::optional<Recipe>> java_recipe(const Tree& tree);
Result<std::optional<Recipe>> static_recipe(const Tree& tree);
Result<std::optional<Recipe>> script_recipe(const Tree& tree);

// A shell command that serves files on $PORT of 127.0.0.1: those of the first of `folders` (beneath /app, "." for
// itself) that has an index.html.
std::string serve_files(const std::vector<std::string>& folders);

// `text` as one word of a shell command.
std::string shell_word(const std::string& text);

}  // namespace sluice::build
