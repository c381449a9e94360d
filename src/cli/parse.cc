#include "cli/parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/grammar.h"
#include "cli/nearest.h"

namespace sluice::cli {
namespace {

std::vector<CLI::App*> children(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}
std::vector<std::string> names_of(CLI::App& app) {
  std::vector<std::string> out;
  for (auto* child : children(app)) out.push_back(child->get_name());
  return out;
}
std::vector<std::string> options_of(CLI::App& app) {
  std::vector<std::string> out;
  for (auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}
std::string whole_name(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return whole_name(app->get_parent()) + " " + app->get_name();
}

// The command that the words name, as far as they do, and the word that named none.
struct Walk {
  CLI::App* at;
  std::optional<std::string> unknown;
};
Walk walk(CLI::App& root, const std::vector<std::string>& words) {
  Walk out{&root, {}};
  for (const auto& word : words) {
    auto below = children(*out.at);
    if (below.empty() || word.starts_with("-")) break;
    auto found = std::find_if(below.begin(), below.end(), [&](auto* app) { return app->get_name() == word; });
    if (found == below.end()) {
      out.unknown = word;
      break;
    }
    out.at = *found;
  }
  return out;
}

Parsed usage(const std::string& sentence, CLI::App* at, const std::optional<std::string>& meant = {}) {
  Parsed out;
  out.err = meant ? fmt::format("{}; did you mean {}?", sentence, *meant)
                  : fmt::format("{}; see {} --help.", sentence, whole_name(at));
  out.exit = Exit::usage;
  return out;
}

std::string lower_first(std::string text) {
  if (text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) &&
      std::islower(static_cast<unsigned char>(text[1])))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text;
}

Parsed refusal(const CLI::ParseError& error, CLI::App* at, const std::vector<std::string>& words) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto known = options_of(*at);
    for (const auto& word : words) {
      if (!word.starts_with("--") || word == "--") continue;
      const std::string name = word.substr(0, word.find('='));
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      return usage(fmt::format("{} is not an option of {}", name, whole_name(at)), at, nearest(name, known));
    }
  }
  std::string what = lower_first(error.what());
  if (const auto at_equals = what.find(" = "); dynamic_cast<const CLI::ConversionError*>(&error) != nullptr &&
                                               what.starts_with("could not convert: ") &&
                                               at_equals != std::string::npos)
    what =
        fmt::format("{} takes a whole number, not \"{}\"", what.substr(19, at_equals - 19), what.substr(at_equals + 3));
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr)
    if (const auto word = what.find(" excludes "); word != std::string::npos)
      what.replace(word, 10, " cannot go with ");
  return usage(what, at);
}

}  // namespace

namespace {

// `sluice db STACK STAGE` is short for `sluice db psql STACK STAGE`.
std::vector<std::string> in_full(std::vector<std::string> words, CLI::App& root) {
  if (words.size() < 3 || words[0] != "db" || words[1].starts_with("-")) return words;
  const auto known = names_of(*root.get_subcommand("db"));
  if (std::find(known.begin(), known.end(), words[1]) == known.end()) words.insert(words.begin() + 1, "psql");
  return words;
}

}  // namespace

Parsed parse(const std::vector<std::string>& typed, const Hooks& hooks) {
  Grammar grammar(hooks);
  const auto words = in_full(typed, grammar.app());
  const Walk to = walk(grammar.app(), words);
  if (to.unknown) {
    auto guess = nearest(*to.unknown, names_of(*to.at));
    if (guess) guess = whole_name(to.at) + " " + *guess;
    return usage(fmt::format("\"{}\" is not a command of {}", *to.unknown, whole_name(to.at)), to.at, guess);
  }
  Parsed out;
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    grammar.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    out.out = grammar.app().help();
    return out;
  } catch (const CLI::CallForVersion&) {
    out.out = "sluice " + hooks.version + "\n";
    return out;
  } catch (const CLI::RequiredError& error) {
    if (to.at == &grammar.app()) return usage("say what to do, for example: sluice status", to.at);
    if (!children(*to.at).empty())
      return usage(fmt::format("{} needs a command: {}", whole_name(to.at), fmt::join(names_of(*to.at), ", ")), to.at);
    return refusal(error, to.at, words);
  } catch (const CLI::ParseError& error) {
    return refusal(error, to.at, words);
  }
  out.args = grammar.args();
  return out;
}

namespace {

// "success|end|approval", and what else a type's name says; words in capitals and "@FILE" stand for something. A word
// that is no choice, the delete of --confirm, is for a person to type (R6.1).
std::string kind_of_value(const std::string& type) {
  if (type == "STAGE") return "stage";
  if (type == "DIR" || type == "FILE") return "file";
  if (type == "ID") return "deployment";
  if (type.find('|') == std::string::npos) return "none";
  std::string words;
  for (std::size_t begin = 0; begin <= type.size();) {
    const auto end = std::min(type.find('|', begin), type.size());
    const auto word = type.substr(begin, end - begin);
    if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos)
      words += (words.empty() ? "" : ",") + word;
    begin = end + 1;
  }
  return words.empty() ? "none" : words;
}

std::string kind_of_place(const CLI::Option& option) {
  const auto name = option.get_name();
  if (name == "STACK" || option.get_description() == "Name of the stack" || name == "DEPLOYMENT") return "stack";
  if (name == "STAGE" || name == "FROM" || name == "TO" || name == "A" || name == "B") return "stage";
  return kind_of_value(option.get_type_name());
}

}  // namespace

std::vector<CommandShape> command_shapes(const Hooks& hooks) {
  Grammar grammar(hooks);
  std::vector<CommandShape> out;
  const auto visit = [&out](const auto& self, CLI::App& app, const std::string& name) -> void {
    for (auto* child : children(app)) {
      const std::string whole = name.empty() ? child->get_name() : name + " " + child->get_name();
      CommandShape shape{whole, child->get_description(), options_of(*child), child->help(), {}, {}};
      for (auto* option : child->get_options()) {
        if (option->get_positional())
          shape.places.push_back(kind_of_place(*option));
        else if (option->get_items_expected_max() > 0)
          for (const auto& known : option->get_lnames())
            shape.takes.emplace_back("--" + known, kind_of_value(option->get_type_name()));
      }
      out.push_back(std::move(shape));
      self(self, *child, whole);
    }
  };
  visit(visit, grammar.app(), "");
  return out;
}

}  // namespace sluice::cli
