#include "store/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/codec.h"
#include "base/files.h"
#include "store/encode.h"
#include "store/projector.h"
#include "store/schema.h"

namespace sluice::store {
namespace fs = std::filesystem;
using namespace pipeline;
namespace {

constexpr std::size_t kReaders = 4;
constexpr Duration kIdempotencyKept = std::chrono::hours(24);

Error about_folder(const fs::path& file, int number) {
  return {ErrorKind::unavailable,
          file.string() + " cannot be opened for writing (" + std::strerror(number) +
              "): see that the folder is there, writable for the user who runs sluice, and has room",
          {}};
}

// SQLite would make it readable for everybody; what it makes beside it has the same mode.
Result<> make_private_file(const fs::path& file) {
  int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(about_folder(file, errno));
  ::close(fd);
  return {};
}

// One stack's part in a commit: its row, and how far its batches have brought it.
struct Written {
  std::int64_t num = 0;
  std::int64_t version = 0;
  const Stack* latest = nullptr;
};

tl::unexpected<Error> version_conflict(const Stack& stack, std::int64_t expected, std::int64_t found) {
  return fail(ErrorKind::conflict, "stack " + stack.name + " has moved on (version " + std::to_string(found) +
                                       ", not " + std::to_string(expected) + "): load it again and decide anew");
}

// Finds or makes the stack's row and holds its version against what the batch expects.
Result<> take_up(Connection& db, const Batch& batch, Written& written) {
  if (!written.latest) {
    auto row = db.query("SELECT num, version FROM stacks WHERE id = ?", batch.stack.id);
    if (row.next()) {
      written.num = row.integer(0);
      written.version = row.integer(1);
    } else if (batch.expected_version != 0) {
      return version_conflict(batch.stack, batch.expected_version, 0);
    }
  }
  if (written.version != batch.expected_version) {
    return version_conflict(batch.stack, batch.expected_version, written.version);
  }
  if (written.num == 0) {
    auto taken = db.query("SELECT 1 FROM stacks WHERE name = ? AND gone = 0", batch.stack.name);
    if (taken.next()) {
      return fail(ErrorKind::conflict, "a stack named " + batch.stack.name + " exists already: take another name");
    }
    db.run("INSERT INTO stacks(id, name, version, state) VALUES(?, ?, 0, '')", batch.stack.id, batch.stack.name);
    written.num = db.last_rowid();
  }
  written.version = batch.stack.version;
  written.latest = &batch.stack;
  return {};
}

std::int64_t write_event(Connection& db, std::int64_t stack, const Event& event) {
  db.run("INSERT INTO events(stack, at, actor_kind, actor_name, actor_role, type, body) VALUES(?, ?, ?, ?, ?, ?, ?)",
         stack, event.at, codec::enum_name(event.actor.kind), event.actor.name, codec::enum_name(event.actor.role),
         type_of(event.body), encode(event.body));
  return db.last_rowid();
}

void write_answer(Connection& db, const IdempotencyRow& row) {
  db.run("DELETE FROM idempotency WHERE at < ?", row.at - kIdempotencyKept);
  db.run(
      "INSERT INTO idempotency(key, answer, at) VALUES(?, ?, ?) "
      "ON CONFLICT(key) DO UPDATE SET answer = excluded.answer, at = excluded.at",
      row.key, row.answer, row.at);
}

void write_beside(Connection& db, const Batch& batch) {
  for (const auto& row : batch.settings) {
    db.run(
        "INSERT INTO settings(stage, revision, sealed) VALUES((SELECT num FROM stages WHERE id = ?), ?, ?) "
        "ON CONFLICT(stage, revision) DO UPDATE SET sealed = excluded.sealed",
        row.stage, row.revision, Blob{row.sealed});
  }
  for (const auto& row : batch.idempotency) write_answer(db, row);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& dir) {
  if (auto made = make_dirs(dir); !made) return fail(made.error());
  const fs::path file = dir / "sluice.db";
  if (auto made = make_private_file(file); !made) return fail(made.error());
  try {
    auto writer = std::make_unique<Connection>(file, Connection::Use::write);
    if (auto migrated = migrate(*writer, file); !migrated) return fail(migrated.error());
    std::int64_t last = 0;
    {
      auto newest = writer->query("SELECT coalesce(max(seq), 0) FROM events");
      if (newest.next()) last = newest.integer(0);
    }
    return std::make_unique<SqliteStore>(file, std::move(writer), last);
  } catch (const SQLite::Exception& exception) {
    return fail(describe(exception, file));
  } catch (const fs::filesystem_error& error) {
    return fail(about_folder(file, error.code().value()));
  }
}

SqliteStore::SqliteStore(fs::path file, std::unique_ptr<Connection> writer, std::int64_t last_seq)
    : file_(std::move(file)), writer_(std::move(writer)), last_seq_(last_seq), readers_(file_, kReaders) {}

Result<std::int64_t> SqliteStore::commit(const std::vector<Batch>& batches) {
  std::lock_guard lock(writing_);
  return guarded([&]() -> Result<std::int64_t> {
    Connection& db = *writer_;
    Transaction transaction(db, Transaction::Kind::write);
    std::unordered_map<StackId, Written> stacks;
    const std::int64_t first = last_seq_.load() + 1;
    std::int64_t last = last_seq_.load();
    for (const auto& batch : batches) {
      Written& written = stacks[batch.stack.id];
      if (auto taken = take_up(db, batch, written); !taken) return fail(taken.error());
      for (const auto& event : batch.events) {
        last = write_event(db, written.num, event);
        project(db, written.num, last, event);
      }
      project_artifacts(db, written.num, batch.stack, batch.events);
      write_beside(db, batch);
    }
    for (const auto& [id, written] : stacks) {
      db.run("UPDATE stacks SET name = ?, version = ?, state = ?, gone = ? WHERE num = ?", written.latest->name,
             written.version, encode(*written.latest), written.latest->gone, written.num);
    }
    transaction.commit();
    last_seq_.store(last);
    return first;
  });
}

Result<> SqliteStore::put_answer(const IdempotencyRow& row) {
  std::lock_guard lock(writing_);
  return guarded([&]() -> Result<> {
    Transaction transaction(*writer_, Transaction::Kind::write);
    write_answer(*writer_, row);
    transaction.commit();
    return {};
  });
}

Result<> SqliteStore::put(const std::string& kind, const std::string& id, const std::string& document) {
  std::lock_guard lock(writing_);
  return guarded([&]() -> Result<> {
    writer_->run(
        "INSERT INTO documents(kind, id, document) VALUES(?, ?, ?) "
        "ON CONFLICT(kind, id) DO UPDATE SET document = excluded.document",
        kind, id, document);
    return {};
  });
}

Result<> SqliteStore::remove(const std::string& kind, const std::string& id) {
  std::lock_guard lock(writing_);
  return guarded([&]() -> Result<> {
    writer_->run("DELETE FROM documents WHERE kind = ? AND id = ?", kind, id);
    return {};
  });
}

std::optional<std::string> SqliteStore::get(const std::string& kind, const std::string& id) {
  return or_throw([&]() -> std::optional<std::string> {
    Reader db(readers_);
    auto row = db->query("SELECT document FROM documents WHERE kind = ? AND id = ?", kind, id);
    if (!row.next()) return std::nullopt;
    return row.text(0);
  });
}

std::vector<std::pair<std::string, std::string>> SqliteStore::list(const std::string& kind) {
  return or_throw([&] {
    Reader db(readers_);
    std::vector<std::pair<std::string, std::string>> out;
    auto row = db->query("SELECT id, document FROM documents WHERE kind = ? ORDER BY id", kind);
    while (row.next()) out.emplace_back(row.text(0), row.text(1));
    return out;
  });
}

}  // namespace sluice::store
