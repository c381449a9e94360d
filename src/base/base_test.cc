#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/digest.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/replace_file.h"
#include "base/time.h"
#include "base/utf8.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = fs::temp_directory_path() / "sluice-base-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { (void)remove_tree(path); }
};

TEST(Time, rfc3339_goes_both_ways_and_refuses_the_rest) {
  for (const char* text : {"1970-01-01T00:00:00.000Z", "2026-02-28T23:59:59.999Z", "2024-02-29T12:00:00.001Z"}) {
    auto time = from_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_rfc3339(*time), text);
  }
  EXPECT_EQ(to_rfc3339(*from_rfc3339("2026-01-01T01:00:00+01:00")), "2026-01-01T00:00:00.000Z");
  for (const char* text : {"", "2026-02-30T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

TEST(Time, durations) {
  EXPECT_EQ(parse_duration("60s"), Duration(60'000));
  EXPECT_EQ(parse_duration("90d"), Duration(std::chrono::days(90)));
  for (const char* text : {"", "s", "10", "-1s", "1.5s", "10 s", "10y"}) EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_EQ(human_duration(Duration(1240)), "1.2s");
  EXPECT_EQ(human_duration(Duration(200'000)), "3m 20s");
}

TEST(Ids, dns_labels_R1_1) {
  for (const char* name : {"a", "shop", "prod-eu", "0x"}) EXPECT_TRUE(is_dns_label(name)) << name;
  for (const char* name : {"", "-a", "a-", "A", "a.b", "a_b", "ä"}) EXPECT_FALSE(is_dns_label(name)) << name;
  EXPECT_TRUE(is_dns_label(std::string(32, 'a')));
  EXPECT_FALSE(is_dns_label(std::string(33, 'a')));
}

TEST(Digest, known_answers) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw=="), "any carnal pleas");
  EXPECT_FALSE(base64_decode("a=bc"));
  EXPECT_FALSE(base64_decode("abc"));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
}

TEST(Utf8, is_told_from_other_bytes) {
  for (const char* good : {"", "plain", "\u00e9", "\u20ac", "\U0001f600", "\xed\x9f\xbf\xee\x80\x80", "\U0010ffff"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
    EXPECT_EQ(to_utf8(good), good);
  }
  for (const char* bad :
       {"\x80", "\xc3", "caf\xe9", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xe2\x82z", "\xf0\x9f\x98z"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
    EXPECT_TRUE(is_utf8(to_utf8(bad)));
  }
  EXPECT_EQ(to_utf8("a longer line of text, then \xff and more of it behind"),
            "a longer line of text, then \ufffd and more of it behind");
  EXPECT_EQ(to_utf8("caf\xe9 \xe2\x82 au \u00e9"), "caf\ufffd \ufffd\ufffd au \u00e9");
}

TEST(Utf8, is_cut_between_characters) {
  EXPECT_EQ(utf8_beginning("caf\u00e9", 5), "caf\u00e9");
  EXPECT_EQ(utf8_beginning("caf\u00e9", 4), "caf");
  EXPECT_EQ(utf8_beginning("\U0001f600", 3), "");
  EXPECT_EQ(utf8_beginning("a\U0001f600", 4), "a");
  EXPECT_EQ(utf8_beginning("ab", 1), "a");
  EXPECT_EQ(utf8_beginning("ab", 0), "");
}

TEST(Files, a_write_replaces_the_whole_and_keeps_its_mode) {
  Folder folder;
  auto path = folder.path / "a";
  ASSERT_TRUE(write_file(path, "one", 0600));
  ASSERT_TRUE(write_file(path, "two", 0600));
  EXPECT_EQ(read_file(path), "two");
  struct stat info {};
  ::stat(path.c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(read_file(folder.path / "none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_file(path, 2).error().kind, ErrorKind::too_large);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()), 1);
}

TEST(Files, a_file_is_replaced_as_a_whole_past_what_an_interrupted_write_left) {
  Folder folder;
  auto path = folder.path / "a", elsewhere = folder.path / "elsewhere";
  ASSERT_TRUE(write_file(path, "one", 0600));
  ASSERT_TRUE(write_file(elsewhere, "kept"));
  fs::create_symlink(elsewhere, folder.path / "a.new");
  int before = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(replace_file(path, std::string(100'000, 'x'), 0755));
  char old[8]{};
  EXPECT_EQ(::read(before, old, sizeof old), 3) << "a reader goes on with what it opened";
  ::close(before);
  EXPECT_EQ(read_file(path), std::string(100'000, 'x'));
  struct stat info {};
  ::stat(path.c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0755u);
  EXPECT_EQ(read_file(elsewhere), "kept");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()), 2);
  auto refused = replace_file(folder.path / "none" / "a", "x");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("none/a"), std::string::npos);
  fs::create_directory(folder.path / "folder");
  EXPECT_FALSE(replace_file(folder.path / "folder", "x"));
  EXPECT_FALSE(fs::exists(folder.path / "folder.new"));
}

TEST(Files, a_read_only_tree_is_removed_and_links_are_not_followed) {
  Folder folder;
  auto kept = folder.path / "kept";
  ASSERT_TRUE(make_dirs(kept));
  ASSERT_TRUE(write_file(kept / "file", "x"));
  auto tree = folder.path / "tree";
  ASSERT_TRUE(make_dirs(tree / "a" / "b"));
  ASSERT_TRUE(write_file(tree / "a" / "b" / "c", "x"));
  fs::create_directory_symlink(kept, tree / "a" / "link");
  fs::permissions(tree / "a" / "b", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(tree / "a", fs::perms::owner_read | fs::perms::owner_exec);
  ASSERT_TRUE(remove_tree(tree));
  EXPECT_FALSE(fs::exists(tree));
  EXPECT_TRUE(fs::exists(kept / "file"));
  EXPECT_TRUE(remove_tree(tree));
}

TEST(Files, a_lock_has_one_holder) {
  Folder folder;
  {
    auto first = FileLock::take(folder.path / "lock");
    ASSERT_TRUE(first);
    EXPECT_EQ(FileLock::take(folder.path / "lock").error().kind, ErrorKind::conflict);
  }
  EXPECT_TRUE(FileLock::take(folder.path / "lock"));
}

TEST(Process, collects_output_and_exit_status) {
  ProcessCommand command;
  command.argv = {"sh", "-c", "cat; echo err >&2; exit 3"};
  command.input = std::string(300'000, 'x');
  auto finished = run(command);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->exit_code, 3);
  EXPECT_EQ(finished->out.size(), 300'000u);
  EXPECT_EQ(finished->err, "err\n");
}

TEST(Process, gets_only_the_environment_it_is_given) {
  ProcessCommand command;
  command.argv = {"/usr/bin/env"};
  command.env = std::map<std::string, std::string>{{"A", "1\n2"}};
  EXPECT_EQ(run(command)->out, "A=1\n2\n");
}

TEST(Process, a_missing_program_is_named) {
  ProcessCommand command;
  command.argv = {"no-such-program-here"};
  EXPECT_EQ(run(command).error().message, "cannot run no-such-program-here: it is not installed (not found in PATH)");
  command.argv = {"true"};
  command.cwd = "/no/such/folder";
  EXPECT_EQ(run(command).error().message, "cannot run true in /no/such/folder: No such file or directory");
}

TEST(Process, a_time_limit_ends_the_whole_group) {
  ProcessCommand command;
  command.argv = {"sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait; sleep 600"};
  command.time_limit = milliseconds(200);
  command.grace = milliseconds(100);
  auto finished = run(command);
  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->timed_out);
  pid_t grandchild = std::stoi(finished->out);
  // Reparented and reaped by somebody else: gone, or a zombie that can run nothing.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < limit && ::kill(grandchild, 0) == 0) {
    auto state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    if (!state || state->find(") Z") != std::string::npos) break;
    std::this_thread::yield();
  }
  auto state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
  EXPECT_TRUE(!state || state->find(") Z") != std::string::npos);
}

TEST(Process, a_stop_request_ends_it_at_once) {
  std::stop_source stop;
  ProcessCommand command;
  command.argv = {"sh", "-c", "echo ready; sleep 600"};
  command.stop = stop.get_token();
  command.on_output = [&](std::string_view) { stop.request_stop(); };
  auto begin = std::chrono::steady_clock::now();
  auto finished = run(command);
  EXPECT_TRUE(finished->stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(Process, a_child_is_pumped_and_killed_with_its_owner) {
  pid_t pid = 0;
  {
    ProcessCommand command;
    command.argv = {"cat"};
    auto child = Child::start(command);
    ASSERT_TRUE(child);
    pid = child->pid();
    ASSERT_TRUE(child->write("hello"));
    char buffer[16];
    auto got = child->read(buffer, sizeof buffer);
    EXPECT_EQ(std::string(buffer, *got), "hello");
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

}  // namespace
}  // namespace sluice
