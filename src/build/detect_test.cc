#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "base/codec.h"
#include "base/files.h"
#include "build/builder.h"
#include "build/procfile.h"
#include "build/recipe.h"
#include "build/sluice_toml.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DetectTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-detect-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { EXPECT_TRUE(remove_tree(dir_)); }
  void file(const std::string& name, const std::string& content = "") {
    fs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << content;
  }
  Plan plan() {
    auto found = detect(dir_);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(Plan{});
  }
  std::string error() {
    const auto found = detect(dir_);
    EXPECT_FALSE(found);
    return found ? "" : found.error().message;
  }
  std::string toml_error(const std::string& text) {
    file("sluice.toml", text);
    return error();
  }

  fs::path dir_;
};

TEST_F(DetectTest, a_commit_without_files_is_told_so) { EXPECT_THAT(error(), HasSubstr("the commit holds no files")); }

TEST_F(DetectTest, what_nothing_fits_is_told_what_was_looked_for) {
  file("README.md", "words");
  for (const char* name :
       {"sluice.toml", "Procfile", "package.json", "requirements.txt", "pyproject.toml", "go.mod", "Cargo.toml",
        "CMakeLists.txt", "composer.json", "Gemfile", "pom.xml", "index.html", "start.sh"}) {
    EXPECT_THAT(error(), HasSubstr(name));
  }
}

// ---- sluice.toml

TEST_F(DetectTest, sluice_toml_says_how_long_a_command_may_take_and_how_large_an_artifact_may_be) {
  file("start.sh", "#!/bin/sh");
  file(
      "sluice.toml",
      "[limits]\nrelease_timeout = \"1h\"\nverify_timeout = \"5s\"\nartifact_size = \"8G\"\nartifact_files = 300000\n");
  const Plan found = plan();
  EXPECT_EQ(found.release_timeout, Duration(std::chrono::hours(1)));
  EXPECT_EQ(found.verify_timeout, Duration(std::chrono::seconds(5)));
  EXPECT_EQ(found.artifact_size, std::int64_t{8} << 30);
  EXPECT_EQ(found.artifact_files, 300'000);
  file("sluice.toml", "[limits]\nartifact_files = \"many\"\n");
  EXPECT_THAT(error(), HasSubstr("limits.artifact_files must be a whole number from 1 to 100000000 (it is text)"));
}

TEST_F(DetectTest, sluice_toml_says_all) {
  file("sluice.toml", R"(# all of it
[build]
command = "make"
[run]
command = "./server"
[release]
command = "./migrate"
[verify]
command = "./smoke"
[health]
path = "/healthz?deep=1"
timeout = "2m"
interval = "500ms"
[limits]
memory = "512M"
cpus = 1.5
build_memory = "2G"
build_timeout = "1h"
)");
  const Plan p = plan();
  EXPECT_EQ(p.found, "sluice.toml");
  EXPECT_EQ(p.build, "make");
  EXPECT_EQ(p.run, "./server");
  EXPECT_EQ(p.release, "./migrate");
  EXPECT_EQ(p.verify, "./smoke");
  EXPECT_EQ(p.health_path, "/healthz?deep=1");
  EXPECT_EQ(p.health_timeout, std::chrono::minutes(2));
  EXPECT_EQ(p.health_interval, std::chrono::milliseconds(500));
  EXPECT_EQ(p.memory, 512 << 20);
  EXPECT_EQ(p.build_memory, std::int64_t{2} << 30);
  EXPECT_EQ(p.cpus, 1.5);
  EXPECT_EQ(p.build_timeout, std::chrono::hours(1));
}

TEST_F(DetectTest, sluice_toml_may_say_only_a_part) {
  file("sluice.toml", "[health]\npath = \"/up\"\n");
  file("Procfile", "web: ./server\n");
  EXPECT_EQ(plan().run, "./server");
  EXPECT_EQ(plan().health_path, "/up");
  EXPECT_EQ(plan().found, "sluice.toml and Procfile");
  file("sluice.toml", "[run]\ncommand = \"./other\"\n");
  EXPECT_EQ(plan().run, "./other");
  file("package.json", R"({"dependencies": {"a": "1"}})");
  EXPECT_EQ(plan().build, "npm install --omit=dev");
  file("sluice.toml", "[build]\ncommand = \"\"\n");
  EXPECT_EQ(plan().build, "");
  EXPECT_THAT(plan().build_tools, IsEmpty());
}

TEST_F(DetectTest, sluice_toml_unknown_names_are_refused_with_their_line) {
  EXPECT_THAT(toml_error("\n[biuld]\n"),
              HasSubstr("sluice.toml, line 2: unknown section \"biuld\"; did you mean \"build\"?"));
  EXPECT_THAT(toml_error("[run]\n\ncomand = \"x\"\n"),
              HasSubstr("line 3: unknown key in [run] \"comand\"; did you mean \"command\"?"));
  EXPECT_THAT(toml_error("[limits]\nzzzzzz = 1\n"), HasSubstr("known are memory, cpus, build_memory, build_timeout"));
  EXPECT_THAT(toml_error("title = \"x\"\n"), HasSubstr("line 1: unknown section \"title\""));
  EXPECT_THAT(toml_error("[run.command]\nx = 1\n"), HasSubstr("run.command must be a shell command"));
  EXPECT_THAT(toml_error("run = \"x\"\n"), HasSubstr("line 1: \"run\" must be a section, written [run]"));
}

TEST_F(DetectTest, sluice_toml_values_of_another_type_or_out_of_range_are_refused) {
  const std::map<std::string, std::string> wrong = {
      {"[run]\ncommand = 5", "run.command must be a shell command as text, not empty (it is a number)"},
      {"[run]\ncommand = \"  \"", "run.command must be"},
      {"[build]\ncommand = [\"a\"]", "(it is a list)"},
      {"[health]\npath = \"up\"", "health.path must be a path such as \"/healthz\""},
      {"[health]\npath = \"/a b\"", "health.path must be"},
      {"[health]\npath = \"/a\\r\\nX: y\"", "health.path must be"},
      {"[health]\ntimeout = 60", "health.timeout must be a time as text"},
      {"[health]\ntimeout = \"0s\"", "health.timeout must be"},
      {"[health]\ntimeout = \"2h\"", "health.timeout must be"},
      {"[health]\ninterval = \"1\"", "health.interval must be"},
      {"[limits]\nmemory = 512", "limits.memory must be a size as text"},
      {"[limits]\nmemory = \"512\"", "limits.memory must be"},
      {"[limits]\nmemory = \"1M\"", "at least \"16M\""},
      {"[limits]\nmemory = \"99999999999G\"", "limits.memory must be"},
      {"[limits]\ncpus = 0", "limits.cpus must be a number from 0.01 to 1024"},
      {"[limits]\ncpus = nan", "limits.cpus must be"},
      {"[limits]\ncpus = \"2\"", "(it is text)"},
      {"[limits]\nbuild_timeout = \"2d\"", "limits.build_timeout must be"},
  };
  for (const auto& [text, message] : wrong) {
    EXPECT_THAT(toml_error(text), HasSubstr("line 2: ")) << text;
    EXPECT_THAT(toml_error(text), HasSubstr(message)) << text;
  }
}

TEST_F(DetectTest, sluice_toml_that_is_no_toml_is_refused_with_its_line) {
  EXPECT_THAT(toml_error("[run]\ncommand = \n"), HasSubstr("sluice.toml, line 2: "));
  EXPECT_THAT(toml_error("[run]\ncommand = \"a\"\ncommand = \"b\"\n"), HasSubstr("line 3: "));
  EXPECT_THAT(toml_error(std::string(70 << 10, '#')), HasSubstr("larger than 64 KB"));
}

TEST_F(DetectTest, a_byte_order_mark_does_no_harm) {
  file("sluice.toml", "\xEF\xBB\xBF[run]\ncommand = \"./x\"\n");
  EXPECT_EQ(plan().run, "./x");
}

RC_GTEST_PROP(SluiceToml, any_text_is_answered, (const std::string& text)) {
  (void)parse_sluice_toml(text);
  (void)parse_sluice_toml("[run]\ncommand = " + text);
  (void)parse_procfile(text);
}

TEST_F(DetectTest, a_command_that_could_not_be_run_or_read_again_is_refused) {
  file("CMakeLists.txt", std::string("add_executable(sh\0op main.cc)", 29));
  EXPECT_THAT(error(), HasSubstr("the command to run the app, as CMakeLists.txt has it, contains a NUL byte"));
  file("CMakeLists.txt", "add_executable(caf\xe9 main.cc)");
  EXPECT_THAT(error(), HasSubstr("[run] command in sluice.toml"));
  file("CMakeLists.txt", "add_executable(caf\u00e9 main.cc)");
  EXPECT_THAT(plan().run, HasSubstr("caf\u00e9"));
  EXPECT_THAT(toml_error("[run]\ncommand = \"caf\xe9\"\n"), HasSubstr("sluice.toml, line 2"));
}

// ---- Procfile

TEST_F(DetectTest, procfile_web_and_release) {
  file("Procfile",
       "# how it runs\r\nweb: gunicorn app:app --workers 2\r\n\r\nrelease: ./migrate --all\nworker: ./work");
  EXPECT_EQ(plan().run, "gunicorn app:app --workers 2");
  EXPECT_EQ(plan().release, "./migrate --all");
  EXPECT_EQ(plan().found, "Procfile");
}

TEST_F(DetectTest, procfile_errors_name_their_line) {
  file("Procfile", "web: x\nnonsense\n");
  EXPECT_THAT(error(), HasSubstr("Procfile, line 2: "));
  file("Procfile", "web: x\nrelease: caf\xe9\n");
  EXPECT_THAT(error(), HasSubstr("Procfile, line 2: it is not UTF-8"));
  file("Procfile", "web:\n");
  EXPECT_THAT(error(), HasSubstr("Procfile, line 1: \"web\" has no command"));
  file("Procfile", "web: a\nweb: b\n");
  EXPECT_THAT(error(), HasSubstr("line 2: \"web\" stands there twice"));
  file("Procfile", "we b: a\n");
  EXPECT_THAT(error(), HasSubstr("line 1: "));
  file("Procfile", "worker: a\n");
  EXPECT_THAT(error(), HasSubstr("no \"web:\" line"));
}

TEST_F(DetectTest, a_procfile_combines_with_the_languages_build) {
  file("Procfile", "web: gunicorn app:app\n");
  file("requirements.txt", "flask\n");
  EXPECT_THAT(plan().build, HasSubstr("pip install -r requirements.txt"));
  EXPECT_EQ(plan().run, "gunicorn app:app");
  EXPECT_EQ(plan().environment.at("PYTHONUNBUFFERED"), "1");
}

// ---- languages

TEST_F(DetectTest, node_express_as_generated) {
  file("package.json", R"({"name": "x", "private": true, "scripts": {"start": "node ./bin/www"},
                           "dependencies": {"express": "~4.16.1", "debug": "~2.6.9"}})");
  const Plan p = plan();
  EXPECT_EQ(p.found, "package.json");
  EXPECT_EQ(p.build, "npm install --omit=dev");
  EXPECT_EQ(p.run, "node ./bin/www");
  EXPECT_EQ(p.environment.at("NODE_ENV"), "production");
  EXPECT_THAT(p.build_tools, testing::ElementsAre("node", "npm"));
  file("package-lock.json", "{}");
  EXPECT_EQ(plan().build, "npm ci --omit=dev");
}

TEST_F(DetectTest, node_build_script_gets_the_development_dependencies_and_prunes_them) {
  file("package.json",
       R"({"scripts": {"build": "tsc", "start": "node dist/x.js"}, "devDependencies": {"typescript": "5"}})");
  EXPECT_EQ(plan().build, "npm install --include=dev && npm run build && npm prune --omit=dev");
  file("package.json", R"({"scripts": {"build": "sh make.sh", "start": "node x.js"}})");
  EXPECT_EQ(plan().build, "npm run build");
}

TEST_F(DetectTest, node_without_dependencies_has_nothing_to_build) {
  file("package.json", R"({"main": "lib/server"})");
  file("lib/server.js");
  EXPECT_EQ(plan().build, "");
  EXPECT_EQ(plan().run, "node lib/server.js");
  file("package.json", R"({"scripts": {"start": "x", "postinstall": "y"}})");
  EXPECT_EQ(plan().build, "npm install --omit=dev");
}

TEST_F(DetectTest, node_start_with_hooks_goes_through_npm) {
  file("package.json", R"({"scripts": {"prestart": "a", "start": "b"}})");
  EXPECT_EQ(plan().run, "npm start");
}

TEST_F(DetectTest, node_that_only_builds_pages_is_served_as_files) {
  file("package.json", R"({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}})");
  file("index.html");
  EXPECT_THAT(plan().run, HasSubstr("/app/dist /app/build"));
  EXPECT_THAT(plan().run, HasSubstr("lighttpd"));
}

TEST_F(DetectTest, node_without_any_way_to_run_says_what_is_missing) {
  file("package.json", R"({"dependencies": {"a": "1"}})");
  EXPECT_THAT(error(), HasSubstr("package.json has no \"start\" script and no \"main\" file"));
  EXPECT_THAT(error(), HasSubstr("web: COMMAND"));
  file("index.html");  // tools for a static site, nothing more
  EXPECT_EQ(plan().found, "index.html");
  EXPECT_EQ(plan().build, "");
}

TEST_F(DetectTest, node_package_json_that_is_no_json_is_refused) {
  file("package.json", "{");
  EXPECT_THAT(error(), HasSubstr("package.json is not a JSON object"));
  file("package.json", "[1]");
  EXPECT_THAT(error(), HasSubstr("package.json is not a JSON object"));
  file("package.json", R"({"scripts": 5, "main": {}, "dependencies": []})");
  EXPECT_THAT(error(), HasSubstr("no \"start\" script"));
}

TEST_F(DetectTest, python_with_files_that_tell) {
  file("requirements.txt", "Flask==3\n");
  EXPECT_THAT(error(), HasSubstr("requirements.txt"));
  file("app.py");
  EXPECT_EQ(plan().run, "exec python3 app.py");
  EXPECT_EQ(plan().build, "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt");
  file("requirements.txt", "Flask==3\ngunicorn>=20\n");
  EXPECT_EQ(plan().run, "exec gunicorn --bind 127.0.0.1:$PORT app:app");
  file("requirements.txt", "fastapi\nuvicorn[standard]\n");
  EXPECT_EQ(plan().run, "exec uvicorn --host 127.0.0.1 --port $PORT app:app");
  file("requirements.txt", "gunicorn-like\n");
  EXPECT_EQ(plan().run, "exec python3 app.py");
}

TEST_F(DetectTest, python_django) {
  file("requirements.txt", "django\ngunicorn\n");
  file("manage.py");
  file("shop/wsgi.py");
  EXPECT_EQ(plan().run, "exec gunicorn --bind 127.0.0.1:$PORT shop.wsgi");
  file("requirements.txt", "django\n");
  EXPECT_EQ(plan().run, "exec python3 manage.py runserver --noreload 127.0.0.1:$PORT");
}

TEST_F(DetectTest, python_pyproject) {
  file("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"gunicorn>=1\"]\n");
  file("main.py");
  EXPECT_EQ(plan().build, "python3 -m venv .venv && .venv/bin/pip install .");
  EXPECT_EQ(plan().run, "exec gunicorn --bind 127.0.0.1:$PORT main:app");
  file("pyproject.toml", "[tool.black]\nline-length = 100\n");
  EXPECT_EQ(plan().build, "");
}

TEST_F(DetectTest, package_json_beside_python_builds_both) {
  file("package.json", R"({"scripts": {"build": "webpack"}, "devDependencies": {"webpack": "5"}})");
  file("requirements.txt", "gunicorn\n");
  file("app.py");
  const Plan p = plan();
  EXPECT_EQ(p.run, "exec gunicorn --bind 127.0.0.1:$PORT app:app");
  EXPECT_THAT(p.build, HasSubstr("pip install"));
  EXPECT_THAT(p.build, HasSubstr("npm run build"));
  file("Procfile", "web: gunicorn x:y");
  EXPECT_EQ(plan().run, "gunicorn x:y");
  EXPECT_THAT(plan().build, HasSubstr("npm run build"));
  EXPECT_EQ(plan().found, "Procfile and requirements.txt and package.json");
}

TEST_F(DetectTest, other_languages) {
  file("go.mod", "module x\n");
  file("main.go");
  EXPECT_EQ(plan().build, "go build -o .sluice/app .");
  EXPECT_EQ(plan().run, "exec .sluice/app");
  fs::remove(dir_ / "main.go");
  file("cmd/web/main.go");
  EXPECT_EQ(plan().build, "go build -o .sluice/app ./cmd/web");
  fs::remove(dir_ / "go.mod");

  file("Cargo.toml", "[package]\nname = \"shop\"\n");
  EXPECT_THAT(plan().build, HasSubstr("/release/shop .sluice/app"));
  file("Cargo.toml", "[workspace]\n");
  EXPECT_THAT(error(), HasSubstr("Cargo.toml names no program"));
  fs::remove(dir_ / "Cargo.toml");

  file("CMakeLists.txt", "project(x)\nadd_executable( server a.cc )\n");
  EXPECT_EQ(plan().run, "exec .sluice/cmake/server");
  file("CMakeLists.txt", "add_executable(${PROJECT_NAME} a.cc)\n");
  EXPECT_THAT(error(), HasSubstr("add_executable"));
  fs::remove(dir_ / "CMakeLists.txt");

  file("composer.json", "{}");
  file("public/index.php");
  EXPECT_EQ(plan().run, "exec php -S 127.0.0.1:$PORT -t public");
  fs::remove(dir_ / "composer.json");

  file("Gemfile");
  file("config.ru");
  EXPECT_EQ(plan().run, "exec bundle exec rackup --host 127.0.0.1 --port $PORT");
  fs::remove(dir_ / "Gemfile");

  file("pom.xml");
  EXPECT_THAT(plan().build, HasSubstr("mvn"));
  fs::remove(dir_ / "pom.xml");

  file("index.html");
  EXPECT_THAT(plan().run, HasSubstr("lighttpd"));
  EXPECT_THAT(plan().run_tools, testing::ElementsAre("lighttpd"));
  fs::remove(dir_ / "index.html");

  file("start.sh");
  EXPECT_EQ(plan().run, "exec /bin/sh ./start.sh");
  fs::permissions(dir_ / "start.sh", fs::perms(0755));
  EXPECT_EQ(plan().run, "exec ./start.sh");
}

TEST_F(DetectTest, links_out_of_the_tree_are_not_read) {
  file("inner/Procfile", "web: inside\n");
  fs::create_symlink("inner/Procfile", dir_ / "Procfile");
  EXPECT_EQ(plan().run, "inside");
  const fs::path outside = dir_.string() + "-outside";
  std::ofstream(outside) << "web: outside\n";
  fs::remove(dir_ / "Procfile");
  fs::create_symlink(outside, dir_ / "Procfile");
  EXPECT_THAT(error(), HasSubstr("nothing says how to run"));
  fs::remove(dir_ / "Procfile");
  fs::create_symlink("../" + outside.filename().string(), dir_ / "Procfile");
  EXPECT_THAT(error(), HasSubstr("nothing says how to run"));
  fs::remove(outside);
  fs::remove(dir_ / "Procfile");
  ASSERT_EQ(mkfifo((dir_ / "Procfile").c_str(), 0600), 0);  // must not block
  EXPECT_THAT(error(), HasSubstr("nothing says how to run"));
}

TEST(ShellWord, quotes_what_a_shell_would_read) {
  EXPECT_EQ(shell_word("lib/server.js"), "lib/server.js");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("a'; rm"), "'a'\\''; rm'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(PlanJson, round_trips) {
  Plan plan;
  plan.found = "x";
  plan.run = "line\nline \"two\"";
  plan.environment = {{"A", "b"}};
  plan.build_tools = {"node"};
  plan.cpus = 0.5;
  const auto read = codec::read<Plan>(boost::json::parse(boost::json::serialize(codec::write(plan))));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, plan);
}

}  // namespace
}  // namespace sluice::build
