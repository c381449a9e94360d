#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "base/codec.h"
#include "store/encode.h"
#include "store/schema.h"
#include "store/sqlite_store.h"

// Whether the file is whole and says the same thing twice; and a copy of it.
namespace sluice::store {
namespace fs = std::filesystem;
using namespace pipeline;
namespace {

struct StoredStack {
  std::int64_t num = 0;
  std::string name;
  Stack state;
};

Result<std::vector<StoredStack>> all_stacks(Connection& db) {
  std::vector<StoredStack> out;
  auto row = db.query("SELECT num, name, state FROM stacks ORDER BY num");
  while (row.next()) {
    auto state = decode_stack(row.text(2));
    if (!state) return fail(state.error().while_("stack " + row.text(1)));
    out.push_back({row.integer(0), row.text(1), std::move(*state)});
  }
  return out;
}

Result<Stack> replay(Connection& db, const StoredStack& stored) {
  Stack state;
  std::int64_t from = 0;
  {
    auto checkpoint = db.query("SELECT seq, state FROM checkpoints WHERE stack = ?", stored.num);
    if (checkpoint.next()) {
      auto read = decode_stack(checkpoint.text(1));
      if (!read) return fail(read.error().while_("the checkpoint of stack " + stored.name));
      from = checkpoint.integer(0);
      state = std::move(*read);
    }
  }
  {
    // `apply` takes it for granted that nothing is missing.
    auto count = db.query("SELECT count(*) FROM events WHERE stack = ? AND seq > ?", stored.num, from);
    if (!count.next() || count.integer(0) != stored.state.version - state.version) {
      return fail(ErrorKind::failed, "events of stack " + stored.name + " are missing");
    }
  }
  auto row = db.query(
      "SELECT seq, at, actor_kind, actor_name, actor_role, body FROM events WHERE stack = ? AND seq > ? ORDER BY seq",
      stored.num, from);
  while (row.next()) {
    auto body = decode_event(row.text(5));
    if (!body) return fail(body.error().while_("event " + std::to_string(row.integer(0))));
    Actor actor{codec::enum_from<ActorKind>(row.text(2)).value_or(ActorKind::system), row.text(3),
                codec::enum_from<Role>(row.text(4)).value_or(Role::viewer)};
    state = apply(std::move(state), Event{row.time(1), std::move(actor), std::move(*body)});
  }
  return state;
}

Result<> sync(const fs::path& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const int number = errno;
  if (fd >= 0) ::close(fd);
  if (done) return {};
  return fail(ErrorKind::unavailable, "cannot write " + path.string() + ": " + std::strerror(number));
}

Error damaged(const fs::path& file, const std::string& why) {
  return {ErrorKind::failed,
          file.string() + " is damaged (" + why + "): put your last copy of the data directory in its place",
          {}};
}

}  // namespace

Result<bool> Store::look(const fs::path& dir) {
  constexpr std::uintmax_t kQuick = 64u << 20;  // SQLite reads some 400 MB of it a second, and cannot be interrupted
  const auto file = dir / "sluice.db";
  try {
    SQLite::Database db(file.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, 200);
    std::error_code unknown;
    const bool all = fs::file_size(file, unknown) <= kQuick;
    SQLite::Statement row(db, all ? "PRAGMA quick_check(1)" : "PRAGMA quick_check(stacks)");
    const std::string word = row.executeStep() ? row.getColumn(0).getString() : "no answer";
    if (word != "ok") return fail(damaged(file, word));
    int schema = 0;
    if (db.tableExists("migrations")) {
      SQLite::Statement newest(db, "SELECT coalesce(max(version), 0) FROM migrations");
      if (newest.executeStep()) schema = newest.getColumn(0).getInt();
    }
    if (schema > static_cast<int>(known_migrations().size())) return fail(newer_schema(schema));
    return all;
  } catch (const SQLite::Exception& exception) {
    return fail(describe(exception, file));
  }
}

Result<> SqliteStore::check() {
  return guarded([&]() -> Result<> {
    Reader db(readers_);
    {
      auto row = db->query("PRAGMA integrity_check(1)");
      const std::string word = row.next() ? row.text(0) : "no answer";
      if (word != "ok") return fail(damaged(file_, word));
    }
    {
      auto row = db->query("PRAGMA foreign_key_check");
      if (row.next()) {
        return fail(ErrorKind::failed, file_.string() + ": table " + row.text(0) + " names a row of " + row.text(2) +
                                           " that is not there: put your last copy of the data directory in its place");
      }
    }
    auto stacks = all_stacks(*db);
    if (!stacks) return fail(stacks.error());
    for (const auto& stored : *stacks) {
      auto replayed = replay(*db, stored);
      if (!replayed) return fail(replayed.error());
      if (*replayed != stored.state) {
        return fail(ErrorKind::failed,
                    file_.string() + ": the events of stack " + stored.name +
                        " do not lead to its stored state: put your last copy of the data directory in its place");
      }
    }
    return {};
  });
}

Result<> SqliteStore::backup(const fs::path& to) {
  std::error_code wrong;
  if (fs::exists(to, wrong)) return fail(ErrorKind::conflict, to.string() + " exists already: choose another name");
  fs::path part = to;
  part += ".part";
  fs::remove(part, wrong);
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorKind::unavailable, "cannot write " + part.string() + ": " + std::strerror(errno));
  ::close(fd);
  auto copied = [&]() -> Result<> {
    try {
      // Its own connection: VACUUM runs outside of a transaction, and must not keep the writer waiting.
      Connection db(file_, Connection::Use::write);
      db.run("VACUUM INTO ?", part.string());
      return {};
    } catch (const SQLite::Exception& exception) {
      return fail(describe(exception, part));
    }
  }();
  if (copied) copied = sync(part);
  if (!copied) {
    fs::remove(part, wrong);
    return copied;
  }
  fs::rename(part, to, wrong);
  if (wrong) return fail(ErrorKind::unavailable, "cannot write " + to.string() + ": " + wrong.message());
  return sync(to.has_parent_path() ? to.parent_path() : fs::path("."));
}

}  // namespace sluice::store
