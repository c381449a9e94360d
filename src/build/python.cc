#include <algorithm>
#include <cctype>

#include "build/recipe.h"
#include "build/sluice_toml.h"

namespace sluice::build {
namespace {

// Whether a list of requirements (or a pyproject.toml) names this package, at the beginning of a line or quoted.
bool names_package(std::string text, const std::string& package) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  for (auto at = text.find(package); at != std::string::npos; at = text.find(package, at + 1)) {
    const char before = at == 0 ? '\n' : text[at - 1];
    const char after = at + package.size() < text.size() ? text[at + package.size()] : '\n';
    const bool ends = !std::isalnum(static_cast<unsigned char>(after)) && after != '-' && after != '_';
    if ((before == '\n' || before == '"' || before == '\'') && ends) return true;
  }
  return false;
}

std::string django_module(const Tree& tree) {
  for (const std::string& name : tree.names()) {
    if (tree.has(name + "/wsgi.py")) return name + ".wsgi";
  }
  return {};
}

}  // namespace

Result<std::optional<Recipe>> python_recipe(const Tree& tree) {
  auto requirements = tree.text("requirements.txt", 1u << 20);
  if (!requirements) return fail(requirements.error());
  auto project = tree.text("pyproject.toml", 1u << 20);
  if (!project) return fail(project.error());
  if (!*requirements && !*project) return std::optional<Recipe>();

  Recipe recipe;
  recipe.found = *requirements ? "requirements.txt" : "pyproject.toml";
  // Without it Python keeps what an app prints until 8 KiB have gathered, and a log shows nothing.
  recipe.environment = {{"PYTHONUNBUFFERED", "1"}};
  const std::string pip = "python3 -m venv .venv && .venv/bin/pip install ";
  if (*requirements) {
    recipe.build = pip + "-r requirements.txt";
    recipe.build_tools = {"python3", "python3-venv"};
  } else if (is_python_package(**project)) {
    recipe.build = pip + ".";
    recipe.build_tools = {"python3", "python3-venv"};
  }
  recipe.run_tools = {"python3"};

  const std::string needs = requirements->value_or("") + "\n" + project->value_or("");
  const bool gunicorn = names_package(needs, "gunicorn");
  const std::string django = tree.has("manage.py") ? django_module(tree) : "";
  std::string module;
  for (const char* usual : {"app", "main", "server", "wsgi"}) {
    if (module.empty() && tree.has(std::string(usual) + ".py")) module = usual;
  }
  if (!django.empty() && gunicorn) {
    recipe.run = "exec gunicorn --bind 127.0.0.1:$PORT " + shell_word(django);
  } else if (!django.empty()) {
    recipe.run = "exec python3 manage.py runserver --noreload 127.0.0.1:$PORT";
  } else if (!module.empty() && gunicorn) {
    recipe.run = "exec gunicorn --bind 127.0.0.1:$PORT " + module + ":app";
  } else if (!module.empty() && names_package(needs, "uvicorn")) {
    recipe.run = "exec uvicorn --host 127.0.0.1 --port $PORT " + module + ":app";
  } else if (!module.empty()) {
    recipe.run = "exec python3 " + module + ".py";
  } else {
    recipe.run_advice = "no app.py, main.py, server.py, wsgi.py or manage.py is there";
  }
  return std::optional<Recipe>(std::move(recipe));
}

}  // namespace sluice::build
