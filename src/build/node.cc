#include <algorithm>
#include <boost/json.hpp>

#include "build/recipe.h"

namespace sluice::build {
namespace {

namespace json = boost::json;

// Scripts that `npm install` runs even where there is nothing to install.
constexpr const char* kInstallHooks[] = {"preinstall", "install", "postinstall", "prepare"};

bool filled(const json::object& package, const char* member) {
  const json::value* value = package.if_contains(member);
  return value &&
         ((value->is_object() && !value->get_object().empty()) || (value->is_array() && !value->get_array().empty()));
}

std::string text(const json::object* object, const char* member) {
  const json::value* value = object ? object->if_contains(member) : nullptr;
  const json::string* string = value ? value->if_string() : nullptr;
  return string ? std::string(string->data(), string->size()) : std::string();
}

// node resolves "main" also without its extension and to a folder's index.js.
std::string main_file(const Tree& tree, const std::string& named) {
  if (!named.empty()) {
    for (const char* ending : {"", ".js", ".mjs", ".cjs", "/index.js"}) {
      if (tree.has(named + ending)) return named + ending;
    }
  }
  for (const char* usual : {"server.js", "index.js", "app.js", "server.mjs", "index.mjs"}) {
    if (tree.has(usual)) return usual;
  }
  return {};
}

// `npm start` is a process of some 50 MB that waits for another; where it would do no more than run one command, that
// command is run.
std::string start_command(const json::object& scripts) {
  const std::string start = text(&scripts, "start");
  const bool more = scripts.contains("prestart") || scripts.contains("poststart") ||
                    start.find("npm_") != std::string::npos || start.find("INIT_CWD") != std::string::npos;
  return more ? "npm start" : start;
}

}  // namespace

Result<std::optional<Recipe>> node_recipe(const Tree& tree) {
  auto content = tree.text("package.json", 4u << 20);
  if (!content) return fail(content.error());
  if (!*content) return std::optional<Recipe>();
  json::error_code error;
  const json::value parsed = json::parse(**content, error);
  if (error || !parsed.is_object()) {
    return fail(ErrorKind::invalid,
                "package.json is not a JSON object" + (error ? ": " + error.message() : std::string()));
  }
  const json::object& package = parsed.get_object();
  const json::value* scripts_value = package.if_contains("scripts");
  const json::object none;
  const json::object& scripts = scripts_value && scripts_value->is_object() ? scripts_value->get_object() : none;

  Recipe recipe;
  recipe.found = "package.json";
  recipe.environment = {{"NODE_ENV", "production"}};
  const bool installs = filled(package, "dependencies") || filled(package, "devDependencies") ||
                        filled(package, "optionalDependencies") || filled(package, "peerDependencies") ||
                        filled(package, "workspaces") ||
                        std::any_of(std::begin(kInstallHooks), std::end(kInstallHooks),
                                    [&](const char* hook) { return scripts.contains(hook); });
  const bool builds = !text(&scripts, "build").empty();
  const bool locked = tree.has("package-lock.json") || tree.has("npm-shrinkwrap.json");
  const std::string install = locked ? "npm ci" : "npm install";
  if (builds) {
    // Build steps need the development dependencies; what runs does not.
    recipe.build = installs ? install + " --include=dev && npm run build && npm prune --omit=dev" : "npm run build";
  } else if (installs) {
    recipe.build = install + " --omit=dev";
  }
  if (!recipe.build.empty()) recipe.build_tools = {"node", "npm"};

  const std::string main = main_file(tree, text(&package, "main"));
  if (!text(&scripts, "start").empty()) {
    recipe.run = start_command(scripts);
    recipe.run_tools =
        recipe.run == "npm start" ? std::vector<std::string>{"node", "npm"} : std::vector<std::string>{"node"};
  } else if (!main.empty()) {
    recipe.run = "node " + shell_word(main);
    recipe.run_tools = {"node"};
  } else if (builds) {
    recipe.run = serve_files({"dist", "build", "out", "public", "_site", "."});
    recipe.run_tools = {"lighttpd"};
  } else {
    recipe.run_advice = "package.json has no \"start\" script and no \"main\" file";
  }
  return std::optional<Recipe>(std::move(recipe));
}

}  // namespace sluice::build
