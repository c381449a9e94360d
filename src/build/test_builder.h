#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>

#include "base/files.h"
#include "build/builder.h"

// A builder for one test, with a repository to push to and the machine's own sandbox.
namespace sluice::build {

namespace fs = std::filesystem;

class KeptLog final : public logs::Writer {
 public:
  void write(std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    text_ += text;
  }
  void finish() override {}
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    text_.clear();
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return SystemClock().now() + ahead; }
  Duration ahead{};
};

class WithBuilder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-build-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
    repositories_.emplace(dir_ / "repos", dir_ / "scratch");
    ASSERT_TRUE(repositories_->create(stack_, "main"));
    auto probed = sandbox::Sandbox::probe(dir_ / "etc");
    ASSERT_TRUE(probed) << probed.error().message;
    sandbox_ = *probed;
    open_builder();
    git("init -q -b main .");
  }
  void TearDown() override {
    builder_.reset();
    repositories_.reset();
    EXPECT_TRUE(remove_tree(dir_));
  }
  void open_builder() {
    builder_.reset();
    builder_.emplace(Builder::Dirs{dir_ / "artifacts", dir_ / "caches", dir_ / "work"}, *repositories_, *sandbox_,
                     clock_);
  }
  void git(const std::string& args) {
    fs::create_directories(dir_ / "app");
    const std::string command =
        "cd " + (dir_ / "app").string() + " && HOME=/nonexistent git -c user.name=a -c user.email=b " + args;
    ASSERT_EQ(std::system(command.c_str()), 0) << args;
  }
  void file(const std::string& name, const std::string& content, int mode = 0644) {
    fs::create_directories((dir_ / "app" / name).parent_path());
    std::ofstream(dir_ / "app" / name) << content;
    fs::permissions(dir_ / "app" / name, fs::perms(mode));
  }
  // Commits what is in app/, brings it to the stack's repository, and gives its hash.
  std::string commit() {
    git("add -A && git -c user.name=a -c user.email=b commit -q --allow-empty -m x");
    git("push -q -f " + (dir_ / "repos/stk_test.git").string() + " main");
    return *repositories_->tip_commit(stack_, "main");
  }
  BuildInput input(const std::string& key) {
    BuildInput in;
    in.stack = stack_;
    in.stack_name = "shop";
    in.commit = *repositories_->tip_commit(stack_, "main");
    in.key = key;
    in.deadline = clock_.now() + std::chrono::minutes(10);
    in.log = &log_;
    return in;
  }

  fs::path dir_;
  pipeline::StackId stack_{"stk_test"};
  SetClock clock_;
  KeptLog log_;
  std::optional<source::Repositories> repositories_;
  std::optional<sandbox::Sandbox> sandbox_;
  std::optional<Builder> builder_;
};

}  // namespace sluice::build
