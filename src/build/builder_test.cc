#include "build/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/files.h"
#include "build/artifacts.h"
#include "build/test_builder.h"
#include "build/toolchain.h"

namespace sluice::build {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// Whether any process of this machine has `text` in its command line.
bool runs(const std::string& text) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    if (std::string((std::istreambuf_iterator<char>(in)), {}).find(text) != std::string::npos) return true;
  }
  return false;
}

class BuilderTest : public WithBuilder {
 protected:
  Built build(const BuildInput& in) {
    auto built = builder_->build(in);
    EXPECT_TRUE(built) << built.error().message << "\n" << log_.text();
    return built.value_or(Built{});
  }
  std::string error(const BuildInput& in) {
    auto built = builder_->build(in);
    EXPECT_FALSE(built);
    return built ? "" : built.error().message;
  }
  void nothing_left() {
    std::error_code none;
    EXPECT_TRUE(!fs::exists(dir_ / "work", none) || fs::is_empty(dir_ / "work"));
  }
  std::string content(const Built& built, const std::string& name) {
    return read_file(dir_ / "artifacts" / built.artifact / "tree" / name).value_or("(missing)");
  }
};

TEST_F(BuilderTest, nothing_to_build_makes_an_artifact_of_the_commit) {
  file("start.sh", "#!/bin/sh\n", 0755);
  file("deep/er/a.txt", "hello");
  fs::create_symlink("deep/er/a.txt", dir_ / "app/link");
  commit();
  const Built built = build(input("k1"));
  EXPECT_FALSE(built.reused);
  EXPECT_TRUE(is_artifact_name(built.artifact));
  EXPECT_EQ(content(built, "link"), "hello");
  EXPECT_EQ(builder_->plan(built.artifact)->run, "exec ./start.sh");
  EXPECT_EQ(*builder_->find(built.artifact), dir_ / "artifacts" / built.artifact);
  EXPECT_EQ(builder_->kept("k1"), built.artifact);
  EXPECT_EQ(builder_->kept("k2"), std::nullopt);
  EXPECT_THAT(log_.text(), HasSubstr("found: start.sh\nnothing to build\nbuilt sha256-"));
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "artifacts" / built.artifact / "tree/start.sh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0555U);
  ASSERT_EQ(stat((dir_ / "artifacts" / built.artifact / "tree/deep/er/a.txt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444U);
  ASSERT_EQ(stat((dir_ / "artifacts" / built.artifact / "tree/deep").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0555U);
  nothing_left();
}

TEST_F(BuilderTest, R3_2_an_earlier_build_of_the_same_inputs_is_reused_and_said) {
  file("start.sh", "x");
  commit();
  const Built first = build(input("k1"));
  log_.clear();
  const Built second = build(input("k1"));
  EXPECT_TRUE(second.reused);
  EXPECT_EQ(second.artifact, first.artifact);
  EXPECT_THAT(log_.text(), HasSubstr("reused " + first.artifact));
  open_builder();  // also after a restart
  EXPECT_TRUE(build(input("k1")).reused);
  BuildInput anew = input("k1");
  anew.rebuild = true;
  const Built third = build(anew);
  EXPECT_FALSE(third.reused);
  EXPECT_EQ(third.artifact, first.artifact);  // the same content is one artifact
  EXPECT_THAT(log_.text(), HasSubstr("the same as " + first.artifact));
}

TEST_F(BuilderTest, R3_2_other_tools_or_another_builder_build_anew) {
  file("start.sh", "x");
  commit();
  const Built built = build(input("k1"));
  ASSERT_TRUE(write_key(dir_ / "artifacts", "k1", {built.artifact, {{"node", "v1.0.0"}}, kBuilderVersion, {}}));
  EXPECT_EQ(builder_->kept("k1"), std::nullopt);
  ASSERT_TRUE(write_key(dir_ / "artifacts", "k1", {built.artifact, {}, kBuilderVersion + 1, {}}));
  EXPECT_EQ(builder_->kept("k1"), std::nullopt);
  ASSERT_TRUE(write_key(dir_ / "artifacts", "k1", {built.artifact, {}, kBuilderVersion, {}}));
  EXPECT_EQ(builder_->kept("k1"), built.artifact);
  ASSERT_TRUE(write_file(key_file(dir_ / "artifacts", "k1"), "rubbish"));
  EXPECT_EQ(builder_->kept("k1"), std::nullopt);
  EXPECT_FALSE(build(input("k1")).reused);
}

TEST_F(BuilderTest, the_build_command_runs_in_the_sandbox_with_its_variables_and_a_cache) {
  file("sluice.toml",
       "[build]\ncommand = \"\"\"\n"
       "pwd > where; echo \"$GREETING|$CI|$HOME|$SLUICE_COMMIT\" > env\n"
       "echo run >> /cache/count; cp /cache/count count; ls /work /root 2>&1; echo to the log; echo and errors "
       ">&2\n\"\"\"\n"
       "[run]\ncommand = \"x\"\n");
  const std::string hash = commit();
  BuildInput in = input("k1");
  in.variables = {{"GREETING", "grüß\ndich"}};
  const Built built = build(in);
  EXPECT_EQ(content(built, "where"), "/app\n");
  EXPECT_EQ(content(built, "env"), "grüß\ndich|true|/cache/home|" + hash + "\n");
  EXPECT_EQ(content(built, "count"), "run\n");
  EXPECT_THAT(log_.text(), HasSubstr("to the log\n"));
  EXPECT_THAT(log_.text(), HasSubstr("and errors\n"));
  EXPECT_THAT(log_.text(), HasSubstr("cannot access '/root'"));
  in.key = "k2";
  EXPECT_EQ(content(build(in), "count"), "run\nrun\n");
  EXPECT_TRUE(builder_->forget(stack_));
  in.key = "k3";
  EXPECT_EQ(content(build(in), "count"), "run\n");
  nothing_left();
}

TEST_F(BuilderTest, a_failed_build_says_its_last_line_and_leaves_nothing) {
  file("sluice.toml",
       "[build]\ncommand = \"echo first; echo 'no such thing: tpyo' >&2; echo; exit 3\"\n[run]\ncommand = \"x\"\n");
  commit();
  EXPECT_EQ(error(input("k1")),
            "build command `echo first; echo 'no such thing: tpyo' >&2; echo; exit 3` exited 3: no such thing: tpyo");
  EXPECT_EQ(builder_->kept("k1"), std::nullopt);
  EXPECT_FALSE(fs::exists(dir_ / "artifacts/by-key/k1"));
  nothing_left();
}

TEST_F(BuilderTest, an_error_never_carries_a_variables_value) {
  file("sluice.toml", "[build]\ncommand = \"echo token $TOKEN $TOKEN.; exit 1\"\n[run]\ncommand = \"x\"\n");
  commit();
  BuildInput in = input("k1");
  in.variables = {{"TOKEN", "hush-hush"}, {"SHORT", "hush"}};
  EXPECT_THAT(error(in), HasSubstr("exited 1: token *** ***."));
}

TEST_F(BuilderTest, R9_4_a_build_that_passes_its_limit_fails_and_says_which) {
  file("sluice.toml", "[build]\ncommand = \"sleep 100\"\n[run]\ncommand = \"x\"\n[limits]\nbuild_timeout = \"1s\"\n");
  commit();
  EXPECT_EQ(error(input("k1")),
            "build command `sleep 100` was ended after its limit of 1s; [limits] build_timeout in sluice.toml sets "
            "another");
  BuildInput in = input("k1");
  in.deadline = clock_.now() + std::chrono::milliseconds(300);
  EXPECT_THAT(error(in), HasSubstr("was ended after its limit of"));
  nothing_left();
}

TEST_F(BuilderTest, R8_1_a_build_that_is_cancelled_ends_with_all_it_started) {
  const std::string mark = "54321." + std::to_string(getpid());
  file("sluice.toml",
       "[build]\ncommand = \"sleep " + mark + " & echo up; sleep " + mark + "\"\n[run]\ncommand = \"x\"\n");
  commit();
  std::stop_source stop;
  BuildInput in = input("k1");
  in.stop = stop.get_token();
  Result<Built> built;
  std::thread thread([&] { built = builder_->build(in); });
  EXPECT_TRUE(eventually([&] { return log_.text().find("\nup\n") != std::string::npos; }));
  stop.request_stop();
  thread.join();
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(eventually([&] { return !runs("sleep" + std::string(1, '\0') + mark); }));
  nothing_left();
}

// bubblewrap's inside does not hear before all is set up that its outside is gone.
TEST_F(BuilderTest, R8_1_a_build_that_is_cancelled_while_it_starts_leaves_nothing) {
  file("sluice.toml", "[build]\ncommand = \"true\"\n[run]\ncommand = \"x\"\n");
  commit();
  fs::create_directory(dir_ / "bin");
  std::ofstream(dir_ / "bin/bwrap") << "#!/bin/sh\nsetsid -f sh -c 'sleep 1000; :' inside \"$@\"\n"
                                       "echo up; exec sleep 1000\n";
  fs::permissions(dir_ / "bin/bwrap", fs::perms(0755));
  const std::string path = getenv("PATH");
  ::setenv("PATH", ((dir_ / "bin").string() + ":" + path).c_str(), 1);
  std::stop_source stop;
  BuildInput in = input("k1");
  in.stop = stop.get_token();
  Result<Built> built;
  std::thread thread([&] { built = builder_->build(in); });
  EXPECT_TRUE(eventually([&] { return log_.text().find("\nup\n") != std::string::npos; }));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(eventually([&] { return runs("inside"); }));
  stop.request_stop();
  thread.join();
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind, ErrorKind::cancelled);
  EXPECT_FALSE(runs(dir_ / "work"));
  nothing_left();
}

TEST_F(BuilderTest, one_build_of_a_key_at_a_time_and_the_second_reuses_it) {
  file("sluice.toml", "[build]\ncommand = \"echo x >> /cache/count; sleep 0.3\"\n[run]\ncommand = \"x\"\n");
  commit();
  std::vector<std::thread> threads;
  std::vector<Built> built(4);
  for (std::size_t i = 0; i < built.size(); ++i) threads.emplace_back([&, i] { built[i] = build(input("k1")); });
  for (auto& thread : threads) thread.join();
  int reused = 0;
  for (const Built& one : built) reused += one.reused ? 1 : 0;
  EXPECT_EQ(reused, 3);
  EXPECT_EQ(*read_file(dir_ / "caches/stk_test/count"), "x\n");
}

TEST_F(BuilderTest, waiting_for_another_build_can_be_cancelled) {
  file("sluice.toml", "[build]\ncommand = \"echo up; sleep 30\"\n[run]\ncommand = \"x\"\n");
  commit();
  std::stop_source first, second;
  BuildInput one = input("k1"), two = input("k1");
  one.stop = first.get_token();
  two.stop = second.get_token();
  std::thread running([&] { (void)builder_->build(one); });
  EXPECT_TRUE(eventually([&] { return log_.text().find("\nup\n") != std::string::npos; }));
  Result<Built> waited;
  std::thread waiting([&] { waited = builder_->build(two); });
  EXPECT_TRUE(eventually([&] { return log_.text().find("waiting: ") != std::string::npos; }));
  second.request_stop();
  waiting.join();
  EXPECT_EQ(waited.error().kind, ErrorKind::cancelled);
  first.request_stop();
  running.join();
}

TEST_F(BuilderTest, R9_1_what_a_crash_left_is_removed_and_never_seen) {
  file("start.sh", "x");
  commit();
  const Built built = build(input("k1"));
  fs::create_directories(dir_ / "work/build-7/tree/sub");
  fs::permissions(dir_ / "work/build-7/tree", fs::perms(0555));
  ProcessCommand command;
  command.argv = {"/bin/sh", "-c", "sleep 1000; :", (dir_ / "work/build-7/env").string()};
  auto running = Child::start(command);
  ASSERT_TRUE(running);
  // An artifact whose folder is there without its meta.json was never finished.
  const std::string half = "sha256-" + std::string(64, 'a');
  fs::create_directories(dir_ / "artifacts" / half / "tree");
  ASSERT_TRUE(write_key(dir_ / "artifacts", "k2", {half, {}, kBuilderVersion, {}}));
  open_builder();
  nothing_left();
  EXPECT_FALSE(runs(dir_ / "work"));
  EXPECT_FALSE(builder_->find(half));
  EXPECT_EQ(builder_->kept("k2"), std::nullopt);
  EXPECT_EQ(builder_->kept("k1"), built.artifact);
}

TEST_F(BuilderTest, cleaning_keeps_what_is_used_young_or_among_the_newest) {
  std::vector<std::string> artifacts;
  for (int i = 0; i < 5; ++i) {
    file("start.sh", std::to_string(i));
    commit();
    artifacts.push_back(build(input("k" + std::to_string(i))).artifact);
    clock_.ahead += std::chrono::minutes(1);
  }
  EXPECT_THAT(*builder_->clean({}, 0), IsEmpty());  // younger than a day
  clock_.ahead += std::chrono::hours(25);
  EXPECT_TRUE(build(input("k1")).reused);  // used again: young again
  EXPECT_TRUE(builder_->reuse(artifacts[4]));
  EXPECT_THAT(*builder_->clean({artifacts[0]}, 2), testing::UnorderedElementsAre(artifacts[2], artifacts[3]));
  EXPECT_FALSE(builder_->reuse(artifacts[2]));
  EXPECT_FALSE(builder_->find(artifacts[2]));
  EXPECT_THAT(builder_->find(artifacts[2]).error().message, HasSubstr("was cleaned"));
  EXPECT_EQ(builder_->kept("k2"), std::nullopt);
  EXPECT_FALSE(fs::exists(key_file(dir_ / "artifacts", "k2")));
  EXPECT_TRUE(builder_->find(artifacts[0]));
  EXPECT_TRUE(builder_->find(artifacts[1]));
  EXPECT_TRUE(builder_->find(artifacts[4]));
  nothing_left();
}

TEST_F(BuilderTest, a_damaged_artifact_is_no_longer_reused_and_is_mended_where_it_is) {
  file("start.sh", "x");
  file("sub/a.txt", "a");
  file("sub/b.txt", "b");
  commit();
  const Built built = build(input("k1"));
  const fs::path artifact = dir_ / "artifacts" / built.artifact, sub = artifact / "tree/sub";
  const auto same = [&] {
    EXPECT_TRUE(builder_->whole(built.artifact));
    EXPECT_EQ(read_file(sub / "a.txt").value_or(""), "a");
    EXPECT_EQ(read_file(sub / "b.txt").value_or(""), "b");
    EXPECT_EQ(fs::status(sub).permissions(), fs::perms(0555));
    EXPECT_FALSE(fs::exists(sub / "stray"));
    nothing_left();
  };
  const auto damage = [&](const fs::path& folder, const std::function<void()>& how) {
    const auto before = fs::status(folder).permissions();
    fs::permissions(folder, fs::perms(0755));
    how();
    if (fs::exists(folder)) fs::permissions(folder, before);
  };
  const std::vector<std::pair<fs::path, std::function<void()>>> damages{
      {sub, [&] { fs::remove(sub / "a.txt"); }},
      {sub, [&] { ASSERT_TRUE(write_file(sub / "stray", "")); }},
      {sub, [&] { fs::remove(sub / "b.txt"), fs::create_symlink("a.txt", sub / "b.txt"); }},
      {artifact / "tree", [&] { ASSERT_TRUE(remove_tree(sub)); }},
      {artifact, [&] { ASSERT_TRUE(remove_tree(artifact / "tree")); }},
      {artifact, [&] { ASSERT_TRUE(write_file(artifact / "plan.json", "{")); }},
      {artifact, [&] { ASSERT_TRUE(write_file(artifact / "meta.json", "")); }},
  };
  for (const auto& [folder, how] : damages) {
    damage(folder, how);
    EXPECT_THAT(builder_->whole(built.artifact).error().message, HasSubstr("is damaged ("));
    EXPECT_FALSE(builder_->reuse(built.artifact));
    const Built again = build(input("k1"));
    EXPECT_EQ(again.artifact, built.artifact);
    EXPECT_FALSE(again.reused);
    EXPECT_THAT(log_.text(), HasSubstr("damaged files and folders of it"));
    same();
  }
  // The same length: only a build anew looks so closely.
  damage(sub, [&] { ASSERT_TRUE(write_file(sub / "a.txt", "z", 0444)); });
  EXPECT_TRUE(build(input("k1")).reused);
  BuildInput anew = input("k1");
  anew.rebuild = true;
  build(anew);
  same();
}

TEST_F(BuilderTest, names_that_are_no_artifacts_are_not_found) {
  for (const char* name : {"", "..", "sha256-..", "sha256-xyz", "by-key"}) EXPECT_FALSE(builder_->find(name)) << name;
  for (const char* key : {"", "../../x", "K\n", "/etc/passwd"}) EXPECT_EQ(builder_->kept(key), std::nullopt);
}

TEST_F(BuilderTest, any_text_can_be_a_key) {
  file("start.sh", "x");
  commit();
  const Built built = build(input("../../evil key\n"));
  EXPECT_EQ(builder_->kept("../../evil key\n"), built.artifact);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "artifacts/by-key"), {}), 1);
}

TEST_F(BuilderTest, what_is_not_fetched_is_noted) {
  file("start.sh", "x");
  file(".gitmodules", "[submodule \"a\"]\n");
  file(".gitattributes", "*.bin filter=lfs diff=lfs\n");
  commit();
  build(input("k1"));
  EXPECT_THAT(log_.text(), HasSubstr("submodules are not fetched"));
  EXPECT_THAT(log_.text(), HasSubstr("Git LFS are not fetched"));
}

TEST_F(BuilderTest, a_commit_that_is_gone_is_an_error_that_names_it) {
  file("start.sh", "x");
  commit();
  BuildInput in = input("k1");
  in.commit = std::string(40, 'd');
  EXPECT_THAT(error(in), HasSubstr("checking out dddddddddddd"));
  nothing_left();
}

TEST_F(BuilderTest, a_missing_tool_is_said_in_one_sentence) {
  const auto missing = Toolchain::require({"composer"}, "composer.json");
  if (missing) GTEST_SKIP() << "composer is installed here";
  EXPECT_EQ(missing.error().message,
            "composer is not installed on this server, and an app with composer.json needs it; whoever runs the server "
            "can add it: apt-get install composer");
}

// Real cgroups of this machine, where it has some for this user.
TEST_F(BuilderTest, a_build_that_takes_more_memory_than_it_may_is_told_so) {
  auto groups = cgroup::Groups::open(dir_);
  if (!groups) GTEST_SKIP() << "limits are not tried here: " << groups.error().message;
  if (!groups->holds_memory()) GTEST_SKIP() << "limits of memory are not tried here: there is no controller for it";
  const auto subtree = groups->group("x", {}).folders[0].path.parent_path();
  sandbox_->hold_limits_with(std::move(*groups));
  file("sluice.toml",
       "[build]\ncommand = \"perl -e '$x = q(x) x 300_000_000'\"\n[run]\ncommand = \"x\"\n[limits]\nbuild_memory = "
       "\"64M\"\n");
  commit();
  const auto built = builder_->build(input("k"));
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().message,
              HasSubstr("used more than its 64 MB of memory and was ended; [limits] build_memory"));
  EXPECT_THAT(log_.text(), HasSubstr("sluice: used more than its 64 MB of memory and was ended"));
  EXPECT_FALSE(fs::exists(subtree / "build-1")) << "nothing is left behind";
  file("sluice.toml", "[build]\ncommand = \"for i in $(seq 5000); do sleep 9 & done\"\n[run]\ncommand = \"x\"\n");
  commit();
  const auto bomb = builder_->build(input("l"));
  ASSERT_FALSE(bomb);
  EXPECT_THAT(bomb.error().message, HasSubstr("wanted more than its 4096 processes, and was refused them"));
  cgroup::take_away(dir_);
  EXPECT_FALSE(fs::exists(subtree));
}

}  // namespace
}  // namespace sluice::build
