#include "build/recipe.h"
#include "build/sluice_toml.h"

namespace sluice::build {
namespace {

constexpr const char* kProgram = ".sluice/app";  // where compiled languages put what they made

}  // namespace

std::string shell_word(const std::string& text) {
  if (!text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@-") ==
          std::string::npos) {
    return text;
  }
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Result<std::optional<Recipe>> go_recipe(const Tree& tree) {
  if (!tree.has("go.mod")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "go.mod";
  // The root's own package, else the only one (or the first) of the usual cmd/NAME.
  std::string package = ".";
  bool root = false;
  for (const std::string& name : tree.names()) root = root || (name.ends_with(".go") && !name.ends_with("_test.go"));
  if (!root) {
    for (const std::string& name : tree.names("cmd")) {
      if (!tree.names("cmd/" + name).empty()) {
        package = "./cmd/" + name;
        break;
      }
    }
  }
  recipe.build = std::string("go build -o ") + kProgram + " " + shell_word(package);
  recipe.run = std::string("exec ") + kProgram;
  recipe.build_tools = {"go"};
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> rust_recipe(const Tree& tree) {
  auto text = tree.text("Cargo.toml", 1u << 20);
  if (!text) return fail(text.error());
  if (!*text) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "Cargo.toml";
  recipe.build_tools = {"cargo"};
  recipe.build = "cargo build --release --bins";
  if (const auto program = cargo_program(**text)) {
    // The target folder is in the build cache, so the program is taken out of it.
    recipe.build +=
        std::string(" && install -D \"$CARGO_TARGET_DIR\"/release/") + shell_word(*program) + " " + kProgram;
    recipe.run = std::string("exec ") + kProgram;
  } else {
    recipe.run_advice = "Cargo.toml names no program of its own";
  }
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> cmake_recipe(const Tree& tree) {
  auto text = tree.text("CMakeLists.txt", 1u << 20);
  if (!text) return fail(text.error());
  if (!*text) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "CMakeLists.txt";
  recipe.build_tools = {"cmake", "c++"};
  recipe.build = "cmake -S . -B .sluice/cmake -DCMAKE_BUILD_TYPE=Release && cmake --build .sluice/cmake --parallel";
  const auto begin = (*text)->find("add_executable(");
  const auto name = begin == std::string::npos ? begin : (*text)->find_first_not_of(" \t\r\n", begin + 15);
  const auto end = name == std::string::npos ? name : (*text)->find_first_of(" \t\r\n)", name);
  if (end != std::string::npos && (*text)->substr(name, end - name).find('$') == std::string::npos) {
    recipe.run = "exec .sluice/cmake/" + shell_word((*text)->substr(name, end - name));
  } else {
    recipe.run_advice = "CMakeLists.txt has no add_executable with a plain name";
  }
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> php_recipe(const Tree& tree) {
  if (!tree.has("composer.json")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "composer.json";
  recipe.build_tools = {"php", "composer"};
  recipe.build = "composer install --no-dev --no-interaction --no-progress --optimize-autoloader";
  recipe.run_tools = {"php"};
  if (tree.has("public/index.php")) {
    recipe.run = "exec php -S 127.0.0.1:$PORT -t public";
  } else if (tree.has("index.php")) {
    recipe.run = "exec php -S 127.0.0.1:$PORT";
  } else {
    recipe.run_advice = "neither public/index.php nor index.php is there";
  }
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> ruby_recipe(const Tree& tree) {
  if (!tree.has("Gemfile")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "Gemfile";
  recipe.environment = {{"BUNDLE_PATH", "/app/vendor/bundle"},
                        {"BUNDLE_WITHOUT", "development:test"},
                        {"RACK_ENV", "production"},
                        {"RAILS_ENV", "production"},
                        {"RAILS_LOG_TO_STDOUT", "1"}};
  recipe.build_tools = {"ruby", "bundle"};
  recipe.build = "bundle install";
  recipe.run_tools = {"ruby", "bundle"};
  if (tree.has("bin/rails")) {
    recipe.run = "exec bundle exec rails server -b 127.0.0.1 -p $PORT";
  } else if (tree.has("config.ru")) {
    recipe.run = "exec bundle exec rackup --host 127.0.0.1 --port $PORT";
  } else if (tree.has("app.rb")) {
    recipe.run = "exec bundle exec ruby app.rb";
  } else {
    recipe.run_advice = "neither bin/rails, config.ru nor app.rb is there";
  }
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> java_recipe(const Tree& tree) {
  if (!tree.has("pom.xml")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "pom.xml";
  recipe.build_tools = {"java", "mvn"};
  recipe.build = "mvn --batch-mode --no-transfer-progress -Dmaven.repo.local=/cache/m2 -DskipTests package";
  recipe.run_tools = {"java"};
  recipe.run =
      "for jar in target/*.jar; do case $jar in *-sources.jar|*-javadoc.jar|*-tests.jar|*/original-*) ;; *) "
      "exec java -Dserver.address=127.0.0.1 -Dserver.port=$PORT -jar \"$jar\";; esac; done; "
      "echo \"no jar in target\" >&2; exit 1";
  return std::optional<Recipe>(std::move(recipe));
}

Result<std::optional<Recipe>> script_recipe(const Tree& tree) {
  if (!tree.has("start.sh")) return std::optional<Recipe>();
  Recipe recipe;
  recipe.found = "start.sh";
  recipe.run = tree.executable("start.sh") ? "exec ./start.sh" : "exec /bin/sh ./start.sh";
  return std::optional<Recipe>(std::move(recipe));
}

}  // namespace sluice::build
