#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "build/test_builder.h"
#include "build/toolchain.h"

// Apps as people write them, with the real npm, pip and lighttpd. Those that need a package registry are skipped where
// it cannot be reached.
namespace sluice::build {
namespace {

using testing::HasSubstr;

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

class RealAppsTest : public WithBuilder {
 protected:
  void TearDown() override {
    app_.reset();
    WithBuilder::TearDown();
  }
  Result<Built> build() {
    commit();
    return builder_->build(input("k"));
  }
  // Starts the artifact as a platform would.
  void start(const Built& built) {
    const auto plan = builder_->plan(built.artifact);
    ASSERT_TRUE(plan);
    port_ = free_port();
    auto env = plan->environment;
    env["PORT"] = std::to_string(port_);
    ASSERT_TRUE(sandbox::write_env_dir(dir_ / "env", env));
    sandbox::Spec spec;
    spec.argv = {"/bin/sh", "-c", plan->run};
    spec.binds = {{*builder_->find(built.artifact) / "tree", "/app", false}};
    spec.env_dir = dir_ / "env";
    spec.listens = {static_cast<int>(port_), static_cast<int>(port_)};
    ProcessCommand command;
    command.argv = sandbox_->command(spec);
    auto child = Child::start(command);
    ASSERT_TRUE(child) << child.error().message;
    app_.emplace(std::move(*child));
  }
  // The status and the body, as soon as something answers.
  std::string get(const std::string& path) {
    ProcessCommand command;
    command.argv = {"curl",         "-s", "--noproxy",     "*",
                    "--path-as-is", "-w", "%{http_code} ", "http://127.0.0.1:" + std::to_string(port_) + path};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      const auto answer = run(command);
      if (answer && answer->ok()) return answer->out;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return "nothing answers";
  }

  std::optional<Child> app_;
  int port_ = 0;
};

TEST_F(RealAppsTest, a_static_site_is_served_without_its_dotfiles) {
  if (!Toolchain::require({"lighttpd"}, "index.html")) GTEST_SKIP() << "lighttpd is not installed";
  file("index.html", "<h1>hi</h1>");
  file("404.html", "not here");
  file("a/style.css", "b{}");
  file(".env", "SECRET=1");
  file(".well-known/x", "known");
  const auto built = build();
  ASSERT_TRUE(built) << built.error().message;
  start(*built);
  EXPECT_EQ(get("/"), "<h1>hi</h1>200 ");
  EXPECT_EQ(get("/a/style.css"), "b{}200 ");
  EXPECT_EQ(get("/nope"), "not here404 ");
  EXPECT_EQ(get("/.well-known/x"), "known200 ");
  for (const char* hidden : {"/.env", "/a/../.env", "/%2eenv", "/a/"}) {
    EXPECT_THAT(get(hidden), testing::Not(HasSubstr("SECRET"))) << hidden;
    EXPECT_THAT(get(hidden), testing::AnyOf(HasSubstr("403"), HasSubstr("404"))) << hidden;
  }
}

TEST_F(RealAppsTest, a_node_app_with_a_dependency) {
  if (!Toolchain::require({"node", "npm"}, "package.json")) GTEST_SKIP() << "node and npm are not installed";
  file("package.json", R"({"name": "x", "version": "0.0.0", "private": true, "scripts": {"start": "node ./bin/www"},
                          "dependencies": {"ms": "2.1.3"}})");
  file("bin/www",
       "require('http').createServer((q, r) => r.end(process.env.NODE_ENV + ' ' + require('ms')('2m')))"
       ".listen(process.env.PORT)\n");
  const auto built = build();
  if (!built && log_.text().find("ms") != std::string::npos)
    GTEST_SKIP() << "npm cannot install: " << built.error().message;
  ASSERT_TRUE(built) << built.error().message;
  start(*built);
  EXPECT_EQ(get("/"), "production 120000200 ");
}

TEST_F(RealAppsTest, a_python_app_with_a_procfile) {
  if (!Toolchain::require({"python3", "python3-venv"}, "requirements.txt"))
    GTEST_SKIP() << "python3-venv is not installed";
  file("Procfile", "web: gunicorn app:app\n");
  file("requirements.txt", "gunicorn\n");
  file("app.py", "def app(environ, start):\n    start('200 OK', [])\n    return [b'from python']\n");
  const auto built = build();
  if (!built && log_.text().find("pip") != std::string::npos)
    GTEST_SKIP() << "pip cannot install: " << built.error().message;
  ASSERT_TRUE(built) << built.error().message;
  start(*built);
  EXPECT_EQ(get("/"), "from python200 ");
}

}  // namespace
}  // namespace sluice::build
