#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <SQLiteCpp/Database.h>

#include <functional>
#include <thread>

#include "base/files.h"
#include "store/schema.h"
#include "store/story.h"

// Full disks, folders that cannot be written, locked, damaged and newer files.
namespace sluice::store {
namespace {

using namespace pipeline;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kSkipped = 77;

// Runs in a child whose limits and rights may be spoilt; "" when nothing was wrong.
std::string in_child(const std::function<std::string()>& body, bool& skipped) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    const std::string word = body();
    if (word == "skip") ::_exit(kSkipped);
    const auto wrote = ::write(ends[1], word.data(), word.size());
    ::_exit(wrote == static_cast<ssize_t>(word.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string word;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    word.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  skipped = WIFEXITED(status) && WEXITSTATUS(status) == kSkipped;
  if (!skipped && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) word += " (the child broke down)";
  return word;
}

bool say(const char* file, const std::string& text) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  const bool said = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return said;
}

// Mounts made from now on are this process's alone.
bool own_mounts() {
  const auto user = std::to_string(::geteuid());
  const auto group = std::to_string(::getegid());
  if (::geteuid() == 0) {
    if (::unshare(CLONE_NEWNS) != 0) return false;
  } else {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (!say("/proc/self/uid_map", "0 " + user + " 1")) return false;
    if (!say("/proc/self/setgroups", "deny") || !say("/proc/self/gid_map", "0 " + group + " 1")) return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

Stack new_stack(std::vector<Event>& events) {
  events = {{Time{}, {}, StackCreated{{"stk_aaaaaaaa"}, "shop", {}}}};
  return apply({}, events.front());
}

// Commits until it is refused; "" when it was refused as a full disk must be, and the store still reads, and goes on
// when `make_room` has made some.
std::string until_full(const fs::path& dir, const std::function<void()>& make_room) {
  auto store = Store::open(dir);
  if (!store) return "cannot open: " + store.error().message;
  std::vector<Event> events;
  Stack stack = new_stack(events);
  if (!(*store)->commit({Batch{stack, 0, events, {}, {}}})) return "the first commit was refused";
  for (int i = 0; i < 10'000; ++i) {
    Event event{Time{}, {}, CheckedIn{{i + 1, std::string(40, 'a')}, "main", std::string(20'000, 'm'), {}, {}}};
    Stack after = apply(stack, event);
    auto done = (*store)->commit({Batch{after, stack.version, {event}, {}, {}}});
    if (done) {
      stack = after;
      continue;
    }
    if (done.error().kind != ErrorKind::unavailable) return "another kind: " + done.error().message;
    if (done.error().message.find("sluice.db") == std::string::npos) return "no file named: " + done.error().message;
    auto read = (*store)->load_stacks();
    if (!read) return "cannot read: " + read.error().message;
    if (read->front() != stack) return "a part of what was refused is there";
    if ((*store)->last_seq() != stack.version) return "the seq of what was refused is there";
    make_room();
    done = (*store)->commit({Batch{after, stack.version, {event}, {}, {}}});
    if (!done) return "no way on: " + done.error().message;
    auto whole = (*store)->check();
    return whole ? "" : whole.error().message;
  }
  return "it was never full";
}

TEST(Faults, a_file_that_may_not_grow_is_unavailable_and_goes_on_later) {
  TempFolder folder;
  bool skipped = false;
  auto word = in_child(
      [&] {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        rlimit small = before;
        small.rlim_cur = 1 << 20;
        ::setrlimit(RLIMIT_FSIZE, &small);
        return until_full(folder.path(), [&] { ::setrlimit(RLIMIT_FSIZE, &before); });
      },
      skipped);
  EXPECT_EQ(word, "");
}

TEST(Faults, a_full_disk_is_unavailable_and_goes_on_later) {
  TempFolder folder;
  const auto mount = folder.path() / "small";
  fs::create_directory(mount);
  bool skipped = false;
  auto word = in_child(
      [&]() -> std::string {
        if (!own_mounts()) return "skip";
        if (::mount("none", mount.c_str(), "tmpfs", 0, "size=1m") != 0) return "skip";
        auto filler = mount / "filler";
        if (!write_file(filler, std::string(200 << 10, 'x'))) return "cannot fill";
        return until_full(mount, [&] { fs::remove(filler); });
      },
      skipped);
  if (skipped) GTEST_SKIP() << "this machine gives no mount of our own";
  EXPECT_EQ(word, "");
}

TEST(Faults, a_folder_that_cannot_be_written_is_said) {
  TempFolder folder;
  const auto dir = folder.path() / "data";
  fs::create_directory(dir);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(dir.c_str(), 0555), 0);
  bool skipped = false;
  auto word = in_child(
      [&]() -> std::string {
        // Root may write anywhere.
        if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)) {
          return "skip";
        }
        auto store = Store::open(dir);
        if (store) return "opened";
        return (store.error().kind == ErrorKind::unavailable ? "unavailable: " : "other: ") + store.error().message;
      },
      skipped);
  if (skipped) GTEST_SKIP() << "this machine lets nobody be another user";
  EXPECT_THAT(word, AllOf(HasSubstr("unavailable: "), HasSubstr("sluice.db"), HasSubstr("writable")));
}

TEST(Faults, a_newer_file_is_refused_and_left_alone) {
  TempFolder folder;
  const auto file = folder.path() / "sluice.db";
  opened(folder.path());
  const auto known = static_cast<int>(known_migrations().size());
  {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
    db.exec("INSERT INTO migrations VALUES(" + std::to_string(known + 6) + ", 'of tomorrow', '')");
  }
  auto refused = Store::open(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "this data directory was written by a newer sluice (schema " +
                                         std::to_string(known + 6) + ", this one knows " + std::to_string(known) +
                                         "): install that version or restore a backup");
  EXPECT_FALSE(Store::open(folder.path()));
  const auto looked = Store::look(folder.path());
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().message, refused.error().message);
}

TEST(Faults, a_file_that_is_no_database_is_said) {
  TempFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "sluice.db", std::string(5000, 'x')));
  auto refused = Store::open(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("is damaged"), HasSubstr("copy of the data directory")));
}

TEST(Faults, a_quick_look_finds_a_damaged_page) {
  TempFolder folder;
  EXPECT_FALSE(Store::look(folder.path()));
  {
    auto store = opened(folder.path());
    Story story(*store);
    for (int i = 0; i < 50; ++i) story.checks_in();
    EXPECT_TRUE(Store::look(folder.path()).value());  // also while somebody works in it
  }
  const auto file = folder.path() / "sluice.db";
  auto bytes = read_file(file).value();
  for (std::size_t at = 4096; at + 200 < bytes.size(); at += 4096) bytes.replace(at, 200, std::string(200, 'x'));
  ASSERT_TRUE(write_file(file, bytes));
  auto damaged = Store::look(folder.path());
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, AllOf(HasSubstr("is damaged"), HasSubstr("copy of the data directory")));
}

TEST(Faults, a_quick_look_at_a_large_file_reads_the_presents) {
  TempFolder folder;
  {
    auto store = opened(folder.path());
    Story story(*store);
  }
  SQLite::Database db(folder.path() / "sluice.db", SQLite::OPEN_READWRITE);
  db.exec("CREATE TABLE ballast(b); INSERT INTO ballast VALUES(zeroblob(70000000))");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto looked = Store::look(folder.path());
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_FALSE(*looked);
}

TEST(Faults, a_missing_event_and_a_changed_state_are_found) {
  for (const char* damage :
       {"DELETE FROM events WHERE seq = 2", "UPDATE stacks SET state = replace(state, 'shop', 'sh0p')",
        "UPDATE events SET body = '{}' WHERE seq = 1"}) {
    TempFolder folder;
    {
      auto store = opened(folder.path());
      Story story(*store);
      story.adds_stage("dev", 0);
      ASSERT_TRUE(store->check());
    }
    SQLite::Database(folder.path() / "sluice.db", SQLite::OPEN_READWRITE).exec(damage);
    auto checked = opened(folder.path())->check();
    ASSERT_FALSE(checked) << damage;
    EXPECT_EQ(checked.error().kind, ErrorKind::failed);
  }
}

TEST(Faults, a_write_waits_for_another_process) {
  TempFolder folder;
  auto store = opened(folder.path());
  SQLite::Database other(folder.path() / "sluice.db", SQLite::OPEN_READWRITE, 1000);
  other.exec("BEGIN IMMEDIATE");
  std::thread later([&] {
    std::this_thread::yield();
    other.exec("COMMIT");
  });
  EXPECT_TRUE(store->put("kind", "id", "{}"));
  later.join();
}

TEST(Migrations, run_once_each_after_a_copy_of_a_file_with_content) {
  TempFolder folder;
  const auto file = folder.path() / "some.db";
  { SQLite::Database made(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE); }
  const Migration first{"first", "CREATE TABLE things(name TEXT); INSERT INTO things VALUES('old')"};
  const Migration second{"second", "UPDATE things SET name = 'new'; CREATE TABLE more(x)"};
  const Migration broken{"broken", "UPDATE things SET name = 'half'; CREATE TABLE things(name TEXT)"};
  auto name = [&](const fs::path& in) {
    SQLite::Database db(in.string());
    return db.execAndGet("SELECT name FROM things").getString();
  };
  Connection db(file, Connection::Use::write);
  const Migration one[] = {first};
  ASSERT_TRUE(migrate(db, file, one));
  ASSERT_TRUE(migrate(db, file, one));
  EXPECT_FALSE(fs::exists(file.string() + ".schema-0"));
  EXPECT_FALSE(fs::exists(file.string() + ".schema-1"));
  const Migration two[] = {first, second};
  ASSERT_TRUE(migrate(db, file, two));
  EXPECT_EQ(name(file), "new");
  EXPECT_EQ(name(file.string() + ".schema-1"), "old");
  EXPECT_EQ(migrate(db, file, one).error().kind, ErrorKind::conflict);

  // One that breaks off leaves all as it was.
  const Migration three[] = {first, second, broken};
  EXPECT_THROW((void)migrate(db, file, three), SQLite::Exception);
  EXPECT_EQ(name(file), "new");
  const Migration mended[] = {first, second, {"third", "UPDATE things SET name = 'third'"}};
  ASSERT_TRUE(migrate(db, file, mended));
  EXPECT_EQ(name(file), "third");
  EXPECT_EQ(name(file.string() + ".schema-2"), "new");
}

}  // namespace
}  // namespace sluice::store
