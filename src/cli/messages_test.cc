#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "base/files.h"
#include "cli/parse.h"

// What the program and its pages tell people to type must be there to be typed.
namespace sluice::cli {
namespace {
namespace fs = std::filesystem;

std::vector<CommandShape> shapes() {
  Hooks hooks;
  hooks.version = "9.9.9";
  hooks.serve = [](const ServeOptions&) { return 0; };
  hooks.down = [](const DownOptions&) { return 0; };
  hooks.create_token = [](const LocalTokenOptions&) { return Result<boost::json::object>(); };
  hooks.examine = [](const std::filesystem::path&) { return Result<boost::json::object>(); };
  return command_shapes(hooks);
}

std::vector<std::string> words_of(const std::string& text) {
  static const std::regex word("[^ ]+");
  return {std::sregex_token_iterator(text.begin(), text.end(), word), {}};
}

// Why `phrase`, what follows "sluice ", cannot be typed; empty: it can.
std::string objection(const std::string& phrase) {
  static const auto known = shapes();
  auto words = words_of(phrase);
  if (!words.empty() && words[0].ends_with(':')) words[0].pop_back();  // "sluice down: …" speaks of itself
  const auto named = [&](const std::string& name) {
    return std::find_if(known.begin(), known.end(), [&](const CommandShape& shape) { return shape.name == name; });
  };
  auto shape = words.empty() ? known.end() : named(words[0]);
  if (shape == known.end()) return "there is no such command";
  // A group alone may be followed by a word that a program puts there.
  if (words.size() > 1)
    if (auto deeper = named(words[0] + " " + words[1]); deeper != known.end()) shape = deeper;
  static const std::regex option("--[a-z][a-z-]*");
  for (std::sregex_iterator at(phrase.begin(), phrase.end(), option), end; at != end; ++at)
    if (std::find(shape->options.begin(), shape->options.end(), at->str()) == shape->options.end())
      return "sluice " + shape->name + " has no " + at->str();
  return "";
}

TEST(Messages, objections_are_found) {
  EXPECT_EQ(objection("stage add shop prod --approval"), "");
  EXPECT_EQ(objection("down: stopped"), "");
  EXPECT_EQ(objection("surgeon"), "there is no such command");
  EXPECT_EQ(objection("stage add shop prod --aproval"), "sluice stage add has no --aproval");
  EXPECT_EQ(objection("stack delete shop --force"), "sluice stack delete has no --force");
}

TEST(Messages, name_only_commands_and_options_that_are_there) {
  const fs::path root = fs::path(__FILE__).parent_path() / "../..";
  std::vector<fs::path> files{root / "README.md", root / "script/demo"};
  for (const auto& folder : {root / "src", root / "docs"})
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      const bool told = name.ends_with(".cc") || name.ends_with(".json") || name.ends_with(".md");
      if (told && !name.ends_with("_test.cc")) files.push_back(entry.path());
    }
  static const std::regex typed(R"((^[ \t]*|[`"'(!]|[:;$] |or )sluice ([a-z][^`'"\\\n;#)|>]*))", std::regex::multiline);
  std::size_t found = 0;
  for (const auto& file : files) {
    const auto text = read_file(file);
    ASSERT_TRUE(text) << file;
    for (std::sregex_iterator at(text->begin(), text->end(), typed), end; at != end; ++at, ++found)
      EXPECT_EQ(objection(at->str(2)), "") << fs::weakly_canonical(file).string() << ": sluice " << at->str(2);
  }
  EXPECT_GT(found, 100u);
}

}  // namespace
}  // namespace sluice::cli
