#include <algorithm>

#include "base/utf8.h"
#include "build/builder.h"
#include "build/procfile.h"
#include "build/recipe.h"
#include "build/sluice_toml.h"

namespace sluice::build {
namespace {

constexpr std::size_t kSmallFile = 64u << 10;

using Find = Result<std::optional<Recipe>> (*)(const Tree&);
constexpr Find kRecipes[] = {node_recipe, python_recipe, go_recipe,   rust_recipe,   cmake_recipe,
                             php_recipe,  ruby_recipe,   java_recipe, static_recipe, script_recipe};

// The recipes whose files are there, in the order of preference.
Result<std::vector<Recipe>> recipes_of(const Tree& tree) {
  std::vector<Recipe> out;
  for (const Find find : kRecipes) {
    auto recipe = find(tree);
    if (!recipe) return fail(recipe.error());
    if (*recipe) out.push_back(std::move(**recipe));
  }
  return out;
}

bool joins_package_json(const Recipe& recipe) {
  return recipe.found == "requirements.txt" || recipe.found == "pyproject.toml" || recipe.found == "composer.json" ||
         recipe.found == "Gemfile";
}

// Which of them this app is. package.json beside Python, Ruby or PHP is how such an app's pages are made: then both are
// built and the other one runs, unless package.json alone says how to start.
std::vector<Recipe> choose(std::vector<Recipe> found, bool run_is_known) {
  if (found.empty()) return found;
  if (found[0].found == "package.json") {
    const auto other = std::find_if(found.begin() + 1, found.end(), joins_package_json);
    const bool static_only = found[0].run.find("lighttpd") != std::string::npos;
    if (other != found.end() && (run_is_known || ((found[0].run.empty() || static_only) && !other->run.empty()))) {
      return {*other, found[0]};
    }
  }
  // Where it must say how to run, the first that does; without any, the first, whose advice is given.
  const auto runs = std::find_if(found.begin(), found.end(), [](const Recipe& r) { return !r.run.empty(); });
  return {run_is_known || runs == found.end() ? found.front() : *runs};
}

void add(std::vector<std::string>& to, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
}

Error nothing_fits(const std::vector<Recipe>& found, bool has_procfile) {
  if (has_procfile && found.empty()) {
    return {ErrorKind::invalid,
            "the Procfile has no \"web:\" line; add one with the command that starts the app on $PORT",
            {}};
  }
  if (!found.empty()) {
    return {ErrorKind::invalid,
            "it is built by " + found.front().found + ", but nothing says how to run it (" + found.front().run_advice +
                "); add a Procfile with \"web: COMMAND\", or [run] command to sluice.toml",
            {}};
  }
  return {
      ErrorKind::invalid,
      "nothing says how to run this app; looked for sluice.toml, Procfile, package.json, requirements.txt, "
      "pyproject.toml, go.mod, Cargo.toml, CMakeLists.txt, composer.json, Gemfile, pom.xml, index.html and start.sh "
      "at the repository's root",
      {}};
}

// What a folder, a package.json or a CMakeLists.txt is called by its author becomes part of a command.
Result<> can_be_run(const Plan& plan) {
  for (const auto& [what, command] : {std::pair{"run", &plan.run}, {"build", &plan.build}}) {
    if (command->find('\0') == std::string::npos && is_utf8(*command)) continue;
    return fail(ErrorKind::invalid, std::string("the command to ") + what + " the app, as " + plan.found +
                                        " has it, contains a NUL byte or is not UTF-8; say it as [" + what +
                                        "] command in sluice.toml");
  }
  return {};
}

}  // namespace

Result<Plan> detect(const std::filesystem::path& path) {
  const Tree tree(path);
  if (tree.names().empty())
    return fail(ErrorKind::invalid,
                "the commit holds no files, so there is nothing to build or run; push one that does");
  Plan plan;
  std::vector<std::string> found;
  SluiceToml told;
  const auto toml = tree.text("sluice.toml", kSmallFile);
  if (!toml) return fail(toml.error());
  if (*toml) {
    auto parsed = parse_sluice_toml(**toml);
    if (!parsed) return fail(parsed.error());
    told = std::move(*parsed);
    found.emplace_back("sluice.toml");
  }
  std::map<std::string, std::string> processes;
  const auto procfile = tree.text("Procfile", kSmallFile);
  if (!procfile) return fail(procfile.error());
  if (*procfile) {
    auto parsed = parse_procfile(**procfile);
    if (!parsed) return fail(parsed.error());
    processes = std::move(*parsed);
    found.emplace_back("Procfile");
  }
  plan.run = told.run ? *told.run : processes["web"];
  plan.release = told.release ? *told.release : processes["release"];

  // With both commands told, a package.json that happens to be there is nobody's business.
  std::vector<Recipe> chosen;
  if (!told.build || plan.run.empty()) {
    auto recipes = recipes_of(tree);
    if (!recipes) return fail(recipes.error());
    chosen = choose(std::move(*recipes), !plan.run.empty());
    // Pages and scripts are ways to run, not to build: beside a command that runs they say nothing.
    if (!plan.run.empty() && !chosen.empty() && (chosen[0].found == "index.html" || chosen[0].found == "start.sh"))
      chosen.clear();
  }
  if (plan.run.empty()) {
    if (chosen.empty() || chosen.front().run.empty()) return fail(nothing_fits(chosen, procfile->has_value()));
    plan.run = chosen.front().run;
    add(plan.run_tools, chosen.front().run_tools);
  }
  for (const Recipe& recipe : chosen) {
    found.push_back(recipe.found);
    plan.environment.insert(recipe.environment.begin(), recipe.environment.end());
    if (told.build || recipe.build.empty()) continue;
    plan.build += (plan.build.empty() ? "" : " && ") + recipe.build;
    add(plan.build_tools, recipe.build_tools);
  }
  if (told.build) plan.build = *told.build;
  for (const std::string& name : found) plan.found += (plan.found.empty() ? "" : " and ") + name;

  if (auto can = can_be_run(plan); !can) return fail(can.error());

  plan.verify = told.verify.value_or("");
  plan.health_path = told.health_path.value_or(plan.health_path);
  plan.health_timeout = told.health_timeout.value_or(plan.health_timeout);
  plan.health_interval = told.health_interval.value_or(plan.health_interval);
  plan.build_timeout = told.build_timeout.value_or(plan.build_timeout);
  plan.release_timeout = told.release_timeout;
  plan.verify_timeout = told.verify_timeout;
  plan.artifact_size = told.artifact_size;
  plan.artifact_files = told.artifact_files;
  plan.memory = told.memory.value_or(0);
  plan.build_memory = told.build_memory.value_or(0);
  plan.cpus = told.cpus.value_or(0);
  return plan;
}

}  // namespace sluice::build
