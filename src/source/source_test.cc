#include "source/source.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "source/git_server.h"

namespace sluice::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-source-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
    fs::create_directory(dir_ / "scratch");
    repositories_.emplace(dir_ / "repos", dir_ / "scratch");
    auto made = repositories_->create(stack_, "main");
    ASSERT_TRUE(made) << made.error().message;
    git("init -q -b main work", dir_);
  }
  void TearDown() override {
    server_.reset();
    repositories_.reset();
    EXPECT_TRUE(remove_tree(dir_));
  }

  GitServer& server() {
    if (!server_) server_.emplace(*repositories_, stack_, [this] { return pushed(); });
    return *server_;
  }
  Result<std::string> pushed() {
    ++pushes_;
    return answer_;
  }

  // The pusher's own git, away from this user's settings.
  Finished git(const std::string& args, const fs::path& where) {
    ProcessCommand command;
    command.argv = {"/bin/sh", "-c",
                    "exec git -c user.name='Ann Other' -c user.email=ann@example.org -c protocol.version=2 " + args};
    command.env = {{"PATH", getenv("PATH")},
                   {"HOME", dir_},
                   {"GIT_CONFIG_NOSYSTEM", "1"},
                   {"GIT_TERMINAL_PROMPT", "0"},
                   {"no_proxy", "127.0.0.1"}};
    command.cwd = where;
    auto finished = run(command);
    EXPECT_TRUE(finished) << finished.error().message;
    return finished.value_or(Finished{});
  }
  Finished git(const std::string& args) { return git(args, work()); }
  fs::path work() const { return dir_ / "work"; }
  std::string commit(const std::string& file, const std::string& content, const std::string& message) {
    fs::create_directories((work() / file).parent_path());
    std::ofstream(work() / file) << content;
    git("add -A");
    std::ofstream(dir_ / "message") << message;
    EXPECT_EQ(git("commit -q -F ../message").exit_code, 0);
    std::string hash = git("rev-parse HEAD").out;
    hash.pop_back();
    return hash;
  }
  Finished push(const std::string& what = "main") { return git("push " + server().url() + " " + what); }

  fs::path dir_;
  pipeline::StackId stack_{"stk_test"};
  std::optional<Repositories> repositories_;
  std::optional<GitServer> server_;
  std::atomic<int> pushes_ = 0;
  Result<std::string> answer_ = std::string();
};

TEST_F(SourceTest, an_empty_repository_has_no_tip) {
  EXPECT_EQ(repositories_->tip(stack_, "main").value(), std::nullopt);
  EXPECT_THAT(repositories_->branches(stack_), IsEmpty());
  EXPECT_TRUE(repositories_->create(stack_, "main"));  // again: nothing
}

TEST_F(SourceTest, a_push_moves_the_tip_and_prints_what_the_server_says) {
  answer_ = "change 7: grüße\nfollow it: sluice wait shop\n";
  const std::string hash = commit("a.txt", "hello\n", "First\n\nwith a body");
  const Finished pushed = push();
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_THAT(pushed.err, HasSubstr("remote: change 7: grüße"));
  EXPECT_THAT(pushed.err, HasSubstr("remote: follow it: sluice wait shop"));
  EXPECT_EQ(pushes_, 1);
  const auto tip = repositories_->tip(stack_, "main");
  ASSERT_TRUE(tip && *tip);
  EXPECT_EQ((*tip)->commit, hash);
  EXPECT_EQ((*tip)->message, "First\n\nwith a body");
  EXPECT_EQ((*tip)->author, (pipeline::Author{"Ann Other", "ann@example.org"}));
  EXPECT_GT((*tip)->authored_at.time_since_epoch().count(), 1'600'000'000'000);
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), hash);
  EXPECT_EQ(repositories_->tip_commit(stack_, "mai"), std::nullopt);
  EXPECT_THAT(server().errors(), IsEmpty());
}

TEST_F(SourceTest, the_tip_is_known_before_the_push_is_answered) {
  const std::string hash = commit("a.txt", "hello\n", "First");
  std::optional<std::string> seen;
  server_.emplace(*repositories_, stack_, [&]() -> Result<std::string> {
    seen = repositories_->tip_commit(stack_, "main");
    return std::string();
  });
  EXPECT_EQ(push().exit_code, 0);
  EXPECT_EQ(seen, hash);
}

TEST_F(SourceTest, a_push_that_cannot_be_made_durable_fails_and_says_why) {
  answer_ = fail(ErrorKind::unavailable, "the change could not be recorded; push again in a moment");
  commit("a.txt", "hello\n", "First");
  const Finished pushed = push();
  EXPECT_NE(pushed.exit_code, 0);
  EXPECT_THAT(pushed.err, HasSubstr("the change could not be recorded; push again in a moment"));
  answer_ = std::string("change 1");
  const Finished again = push();
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(SourceTest, a_push_that_git_cannot_store_says_that_nothing_was_taken) {
  const std::string hash = commit("a.txt", "hello\n", "First");
  ASSERT_EQ(push().exit_code, 0);
  EXPECT_TRUE(repositories_->whole(stack_, hash));
  std::vector<fs::path> objects;
  for (const auto& entry : fs::recursive_directory_iterator(dir_ / "repos/stk_test.git/objects")) {
    if (entry.is_regular_file()) objects.push_back(entry.path());
  }
  for (const auto& file : objects) fs::remove(file);
  const auto damaged = repositories_->whole(stack_, hash);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("reading " + hash.substr(0, 12)));
  commit("a.txt", "hello again\n", "Second");
  const Finished pushed = push();
  EXPECT_NE(pushed.exit_code, 0);
  EXPECT_THAT(pushed.err, HasSubstr("remote: nothing was taken: "));
  EXPECT_EQ(pushes_, 1) << "nobody was told of a push that was none";
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), hash);
  ASSERT_TRUE(repositories_->set_aside(stack_));
  EXPECT_EQ(repositories_->whole(stack_, hash).error().message, "it is gone");
  ASSERT_TRUE(repositories_->create(stack_, "main"));
  EXPECT_EQ(push().exit_code, 0);
}

TEST_F(SourceTest, what_a_killed_push_left_is_swept_once_nobody_writes_to_it) {
  const auto left = dir_ / "repos/stk_test.git/objects/tmp_objdir-incoming-abc";
  fs::create_directories(left / "pack");
  ASSERT_TRUE(write_file(left / "pack/tmp_pack_x", "half"));
  repositories_->sweep(std::chrono::minutes(5));
  EXPECT_TRUE(fs::exists(left));
  repositories_->sweep(Duration{});
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(dir_ / "repos/stk_test.git/objects/pack"));
}

TEST_F(SourceTest, clone_and_fetch_give_back_what_was_pushed_and_call_nothing) {
  const std::string first = commit("a.txt", "hello\n", "First");
  push();
  EXPECT_EQ(git("clone -q " + server().url() + " copy", dir_).exit_code, 0);
  EXPECT_EQ(*read_file(dir_ / "copy" / "a.txt"), "hello\n");
  for (int i = 0; i < 60; ++i) commit("a.txt", std::to_string(i), "Number " + std::to_string(i));
  push();
  for (const char* version : {"0", "1", "2"}) {
    EXPECT_EQ(git(std::string("-c protocol.version=") + version + " fetch -q origin", dir_ / "copy").exit_code, 0);
  }
  EXPECT_EQ(git("rev-parse origin/main", dir_ / "copy").out, git("rev-parse main").out);
  EXPECT_EQ(pushes_, 2);
  EXPECT_THAT(server().errors(), IsEmpty());
}

TEST_F(SourceTest, a_large_push_streams_through) {
  const Finished made = git("version", dir_);
  ASSERT_EQ(made.exit_code, 0);
  ASSERT_EQ(std::system(("head -c 30000000 /dev/urandom > " + (work() / "big").string()).c_str()), 0);
  commit("a", "x", "Big");
  EXPECT_EQ(push().exit_code, 0);  // more than http.postBuffer: chunked
  EXPECT_EQ(git("clone -q " + server().url() + " copy", dir_).exit_code, 0);
  EXPECT_EQ(fs::file_size(dir_ / "copy" / "big"), 30'000'000U);
}

TEST_F(SourceTest, R1_3_a_forced_push_is_taken_and_the_old_commit_stays) {
  const std::string first = commit("a.txt", "1", "One");
  const std::string second = commit("a.txt", "2", "Two");
  push();
  git("reset -q --hard " + first);
  const std::string third = commit("a.txt", "3", "Three");
  EXPECT_NE(push().exit_code, 0);
  EXPECT_EQ(push("+main").exit_code, 0);
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), third);
  EXPECT_EQ(repositories_->direction(stack_, second, third), Direction::sideways);
  fs::create_directory(dir_ / "out");
  EXPECT_TRUE(repositories_->checkout(stack_, second, dir_ / "out", {}));
}

TEST_F(SourceTest, R1_3_branches_come_and_go) {
  const std::string hash = commit("a.txt", "1", "One");
  EXPECT_EQ(push("main main:other main:refs/tags/v1").exit_code, 0);
  EXPECT_THAT(repositories_->branches(stack_), ElementsAre("main", "other"));
  EXPECT_EQ(push(":other :main").exit_code, 0);
  EXPECT_THAT(repositories_->branches(stack_), IsEmpty());
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), std::nullopt);
  EXPECT_EQ(push().exit_code, 0);
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), hash);
  EXPECT_TRUE(repositories_->set_branch(stack_, "trunk"));
  EXPECT_EQ(push("main:trunk :main").exit_code, 0);
  EXPECT_THAT(repositories_->branches(stack_), ElementsAre("trunk"));
}

TEST_F(SourceTest, packed_references_are_found) {
  const std::string hash = commit("a.txt", "1", "One");
  push("main main:domain");
  git("--git-dir ../repos/stk_test.git pack-refs --all");
  EXPECT_FALSE(fs::exists(dir_ / "repos/stk_test.git/refs/heads/main"));
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), hash);
  EXPECT_EQ(repositories_->tip_commit(stack_, "domai"), std::nullopt);
  EXPECT_EQ((*repositories_->tip(stack_, "main"))->commit, hash);
}

TEST_F(SourceTest, commits_between_are_listed_whole_and_counted) {
  const std::string first = commit("a", "1", "One");
  const std::string second = commit("a", "2", "Subject with \"quotes\" | and\ttabs\n\nBody, line 1\n\nline 3 äöü");
  const std::string third = commit("a", "3", "Three");
  push();
  std::size_t total = 0;
  auto all = repositories_->commits_between(stack_, "", third, 10, &total);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(total, 3U);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].commit, third);
  EXPECT_EQ((*all)[1].message, "Subject with \"quotes\" | and\ttabs\n\nBody, line 1\n\nline 3 äöü");
  EXPECT_EQ((*all)[2].commit, first);
  auto some = repositories_->commits_between(stack_, first, third, 1, &total);
  ASSERT_TRUE(some);
  EXPECT_EQ(some->size(), 1U);
  EXPECT_EQ(total, 2U);
  EXPECT_THAT(*repositories_->commits_between(stack_, third, first, 5, &total), IsEmpty());
  EXPECT_EQ(total, 0U);
  const std::string nowhere(40, '1');
  EXPECT_EQ(repositories_->commits_between(stack_, nowhere, third, 5, nullptr).error().kind, ErrorKind::not_found);
  EXPECT_EQ(repositories_->commits_between(stack_, "--all", third, 5, nullptr).error().kind, ErrorKind::invalid);
}

TEST_F(SourceTest, files_that_differ_are_listed_and_counted) {
  const std::string first = commit("a", "1\n2\n3\n", "One");
  git("rm -q a");
  commit("b\tc ä", "1\n2\n3\n", "Renamed");
  const std::string last = commit("z", std::string("\0\1", 2), "Binary");
  push();
  auto all = repositories_->files_between(stack_, first, last, 10);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->total, 2U);
  EXPECT_EQ(all->files[0].path, "b\tc ä");
  EXPECT_EQ(all->files[0].was, "a");
  EXPECT_EQ(all->files[0].added, 0);
  EXPECT_EQ(all->files[1].path, "z");
  EXPECT_TRUE(all->files[1].binary);
  auto back = repositories_->files_between(stack_, last, first, 1);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->total, 2U);
  EXPECT_EQ(back->files.size(), 1U);
  EXPECT_EQ(repositories_->files_between(stack_, first, first, 5)->total, 0U);
  EXPECT_EQ(repositories_->files_between(stack_, "", first, 5).error().kind, ErrorKind::invalid);
  EXPECT_EQ(repositories_->files_between(stack_, std::string(40, '1'), first, 5).error().kind, ErrorKind::not_found);
}

TEST_F(SourceTest, what_is_not_utf8_in_a_commit_is_readable_all_the_same) {
  commit("a", "1", "One");
  const std::string tree = git("rev-parse HEAD^{tree}").out;
  const std::string who = "Ren\xe9 <ren\xe9@example.org> 1700000000 +0000\n";
  std::ofstream(dir_ / "raw") << "tree " << tree << "author " << who << "committer " << who << "\ncaf\xe9 au lait\n";
  EXPECT_EQ(git("update-ref refs/heads/main $(git hash-object -t commit -w ../raw)").exit_code, 0);
  push();
  const auto tip = repositories_->tip(stack_, "main");
  ASSERT_TRUE(tip && *tip);
  EXPECT_EQ((*tip)->message, "caf\ufffd au lait");
  EXPECT_EQ((*tip)->author.name, "Ren\ufffd");
  EXPECT_EQ((*tip)->author.email, "ren\ufffd@example.org");
}

TEST_F(SourceTest, R4_3_direction_tells_forward_back_and_sideways) {
  const std::string first = commit("a", "1", "One");
  const std::string second = commit("a", "2", "Two");
  push();
  EXPECT_EQ(repositories_->direction(stack_, first, first), Direction::same);
  EXPECT_EQ(repositories_->direction(stack_, first, second), Direction::forward);
  EXPECT_EQ(repositories_->direction(stack_, second, first), Direction::back);
  EXPECT_EQ(repositories_->direction(stack_, second, std::string(40, 'a')), Direction::unknown);
  EXPECT_EQ(repositories_->direction(stack_, "", first), Direction::unknown);
}

TEST_F(SourceTest, checkout_gives_the_tree_with_modes_and_links_and_nothing_else) {
  commit("dir/deep/a.txt", "hello", "One");
  std::ofstream(work() / "run.sh") << "#!/bin/sh\n";
  fs::permissions(work() / "run.sh", fs::perms(0755));
  fs::create_symlink("dir/deep/a.txt", work() / "link");
  // What git archive would leave out or rewrite, a checkout must not.
  std::ofstream(work() / ".gitattributes") << "run.sh export-ignore\nkept export-subst\n* filter=lfs\n";
  const std::string hash = commit("kept", "$Format:%H$", "Two");
  push();
  fs::create_directory(dir_ / "out");
  const auto done = repositories_->checkout(stack_, hash, dir_ / "out", {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(*read_file(dir_ / "out/link"), "hello");
  EXPECT_TRUE(fs::is_symlink(dir_ / "out/link"));
  EXPECT_EQ(*read_file(dir_ / "out/kept"), "$Format:%H$");
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "out/run.sh").c_str(), &info), 0);
  EXPECT_TRUE((info.st_mode & 0111) == 0111);
  EXPECT_FALSE(fs::exists(dir_ / "out/.git"));
  EXPECT_FALSE(fs::exists(dir_ / "out.index"));
  EXPECT_EQ(repositories_->checkout(stack_, std::string(40, '0'), dir_ / "out", {}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(repositories_->checkout(stack_, "HEAD", dir_ / "out", {}).error().kind, ErrorKind::invalid);
}

TEST_F(SourceTest, an_empty_tree_can_be_checked_out) {
  git("commit -q --allow-empty -m nothing");
  push();
  fs::create_directory(dir_ / "out");
  EXPECT_TRUE(repositories_->checkout(stack_, *repositories_->tip_commit(stack_, "main"), dir_ / "out", {}));
  EXPECT_TRUE(fs::is_empty(dir_ / "out"));
}

TEST_F(SourceTest, settings_of_the_machine_and_the_pusher_are_not_obeyed) {
  // A repository's own content cannot make git run anything here: filters and hooks need settings, which we do not
  // read.
  std::ofstream(dir_ / ".gitconfig") << "[filter \"evil\"]\n\tsmudge = touch " << (dir_ / "evil").string() << "\n";
  std::ofstream(work() / ".gitattributes") << "* filter=evil\n";
  const std::string hash = commit("a", "1", "One");
  push();
  ::setenv("GIT_CONFIG_GLOBAL", (dir_ / ".gitconfig").c_str(), 1);
  fs::create_directory(dir_ / "out");
  fs::remove(dir_ / "evil");
  EXPECT_TRUE(repositories_->checkout(stack_, hash, dir_ / "out", {}));
  ::unsetenv("GIT_CONFIG_GLOBAL");
  EXPECT_FALSE(fs::exists(dir_ / "evil"));
}

TEST_F(SourceTest, branches_that_git_cannot_have_are_refused_by_field) {
  for (const char* name : {"", "a b", "a..b", "-x", "x.lock", "/", "a\nb", "@{x"}) {
    const auto made = repositories_->create(pipeline::StackId{"stk_other"}, name);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().fields.at(0).field, "branch");
  }
  EXPECT_TRUE(repositories_->create(pipeline::StackId{"stk_other"}, "release/2026-01"));
}

TEST_F(SourceTest, a_removed_repository_is_gone_and_one_set_aside_is_kept) {
  commit("a", "1", "One");
  push();
  EXPECT_TRUE(repositories_->set_aside(stack_));
  EXPECT_TRUE(repositories_->set_aside(stack_));
  EXPECT_FALSE(fs::exists(dir_ / "repos/stk_test.git"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "repos/deleted"), {}), 1);
  EXPECT_TRUE(repositories_->create(stack_, "main"));
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), std::nullopt);
  EXPECT_TRUE(repositories_->remove(stack_));
  EXPECT_TRUE(repositories_->remove(stack_));
  EXPECT_FALSE(fs::exists(dir_ / "repos/stk_test.git"));
  EXPECT_NE(git("ls-remote " + server().url()).exit_code, 0);
}

TEST_F(SourceTest, many_packs_are_packed_into_one) {
  for (int i = 0; i < 52; ++i) {
    commit("a", std::to_string(i), "Number");
    ASSERT_EQ(push().exit_code, 0);
  }
  const auto packs = [&] {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(dir_ / "repos/stk_test.git/objects/pack")) {
      count += entry.path().extension() == ".pack" ? 1 : 0;
    }
    return count;
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (packs() > 10 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_LE(packs(), 10);
}

// ---- what no git client sends

class RawTest : public SourceTest {
 protected:
  struct Reply {
    int status = 0;
    std::string body;
    Result<> served;
  };
  Reply ask(const std::string& method, const std::string& path, const std::string& query, const std::string& body) {
    GitRequest request;
    request.method = method;
    request.path_info = path;
    request.query = query;
    if (path.starts_with("/git-")) request.content_type = "application/x-" + path.substr(1) + "-request";
    std::size_t at = 0;
    request.read_body = [&](char* into, std::size_t size) -> Result<std::size_t> {
      if (at == body.size() && breaks_) return fail(ErrorKind::unavailable, "gone");
      const std::size_t take = std::min(size, body.size() - at);
      body.copy(into, take, at);
      at += take;
      return take;
    };
    Reply reply;
    GitAnswer answer;
    answer.head = [&](int status, const auto&) { reply.status = status; };
    answer.body = [&](std::string_view text) -> Result<> {
      reply.body += text;
      return {};
    };
    reply.served = repositories_->serve(stack_, request, answer, [this] { return pushed(); });
    return reply;
  }
  bool breaks_ = false;
};

TEST_F(RawTest, the_dumb_protocol_and_other_paths_are_refused) {
  commit("a", "1", "One");
  push();
  EXPECT_EQ(ask("GET", "/info/refs", "", "").status, 403);
  EXPECT_EQ(ask("GET", "/info/refs", "service=git-upload-archive", "").status, 403);
  EXPECT_EQ(ask("GET", "/info/refs", "service=git-upload-pack&x=1", "").status, 403);
  for (const char* path : {"/HEAD", "/config", "/objects/info/packs", "/../stk_other.git/info/refs", "", "/",
                           "/git-upload-archive", "/info/refs/"}) {
    EXPECT_EQ(ask("GET", path, "service=git-upload-pack", "").status, 404) << path;
  }
  EXPECT_EQ(ask("PUT", "/git-receive-pack", "", "").status, 404);
  EXPECT_EQ(ask("GET", "/info/refs", "service=git-upload-pack", "").status, 200);
}

TEST_F(RawTest, a_push_that_breaks_in_the_middle_changes_nothing) {
  const std::string hash = commit("a", std::string(100'000, 'x'), "One");
  git("pack-objects --stdout --revs > ../pack <<E\n" + hash + "\nE");
  const std::string line =
      std::string(40, '0') + " " + hash + " refs/heads/main" + '\0' + " report-status side-band-64k agent=test";
  char length[8];
  std::snprintf(length, sizeof length, "%04zx", line.size() + 4);
  const std::string whole = length + line + "0000" + *read_file(dir_ / "pack");
  breaks_ = true;
  for (const std::size_t part :
       {std::size_t{0}, std::size_t{3}, line.size(), line.size() + 8, line.size() + 60, whole.size() - 1}) {
    const Reply reply = ask("POST", "/git-receive-pack", "", whole.substr(0, part));
    EXPECT_FALSE(reply.served) << part;
    EXPECT_EQ(repositories_->tip_commit(stack_, "main"), std::nullopt) << part;
    EXPECT_THAT(git("--git-dir ../repos/stk_test.git count-objects").out, HasSubstr("0 objects"));
  }
  breaks_ = false;
  const Reply reply = ask("POST", "/git-receive-pack", "", whole);
  EXPECT_TRUE(reply.served);
  EXPECT_EQ(repositories_->tip_commit(stack_, "main"), hash);
}

TEST_F(RawTest, a_client_without_sideband_gets_a_plain_report_or_503) {
  const std::string hash = commit("a", "1", "One");
  git("pack-objects --stdout --revs > ../pack <<E\n" + hash + "\nE");
  const auto push_to = [&](const std::string& branch) {
    const std::string line =
        std::string(40, '0') + " " + hash + " refs/heads/" + branch + '\0' + " report-status agent=test";
    char length[8];
    std::snprintf(length, sizeof length, "%04zx", line.size() + 4);
    return ask("POST", "/git-receive-pack", "", length + line + "0000" + *read_file(dir_ / "pack"));
  };
  answer_ = std::string("not for this client");
  const Reply good = push_to("main");
  EXPECT_EQ(good.status, 200);
  EXPECT_THAT(good.body, HasSubstr("unpack ok"));
  EXPECT_THAT(good.body, Not(HasSubstr("not for this")));
  answer_ = fail(ErrorKind::unavailable, "the disk is full");
  const Reply bad = push_to("other");
  EXPECT_EQ(bad.status, 503);
  EXPECT_EQ(bad.body, "the disk is full\n");
}

TEST_F(RawTest, rubbish_is_answered_and_changes_nothing) {
  for (const char* body : {"", "0000", "zzzz", "0001", "ffff", "0009hello0000", "rubbish"}) {
    ask("POST", "/git-receive-pack", "", body);
    ask("POST", "/git-upload-pack", "", body);
    EXPECT_EQ(repositories_->tip_commit(stack_, "main"), std::nullopt);
  }
  // More than http-backend takes in for a fetch: an answer, not a wait for ever.
  ask("POST", "/git-upload-pack", "", std::string(20 << 20, 'x'));
}

}  // namespace
}  // namespace sluice::source
