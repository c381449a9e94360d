#include "store/series.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <system_error>

namespace sluice::store {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kForm = 1;  // user_version

constexpr const char* kTables = R"(
CREATE TABLE subjects (num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE spans (subject INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (subject, step, at)) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
)";

// Its journal goes with it: one of the old file would be played into the new.
void put_aside(const fs::path& file) {
  std::error_code ignored;
  fs::rename(file, file.string() + ".damaged", ignored);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(file.string() + suffix, ignored);
}

bool is_damage(const SQLite::Exception& exception) {
  const int code = exception.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

}  // namespace

template <class F>
Result<> Series::guarded(F&& body) {
  std::lock_guard lock(mutex_);
  try {
    if (!connection_) connection_ = connect(file_);
    body(*connection_);
    return {};
  } catch (const SQLite::Exception& exception) {
    if (is_damage(exception)) {
      connection_.reset();
      put_aside(file_);
    }
    return fail(describe(exception, file_));
  }
}

std::unique_ptr<Connection> Series::connect(const fs::path& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made >= 0) ::close(made);
  auto connection = std::make_unique<Connection>(file, Connection::Use::write);
  connection->execute("PRAGMA synchronous = NORMAL");
  connection->execute("PRAGMA cache_size = -1000");
  connection->execute("PRAGMA busy_timeout = 100");  // nobody else has to do with it
  connection->execute("PRAGMA wal_autocheckpoint = 1000");
  std::int64_t form = 0;
  {
    auto row = connection->query("PRAGMA user_version");
    if (row.next()) form = row.integer(0);
  }
  if (form == kForm) return connection;
  if (form != 0) throw SQLite::Exception("of another form", SQLITE_NOTADB);
  connection->execute(kTables);
  return connection;
}

Result<std::unique_ptr<Series>> Series::open(const fs::path& file) {
  std::unique_ptr<Series> out(new Series(file, nullptr));
  auto opened = out->guarded([](Connection&) {});
  // What is damaged was put aside by the first try.
  if (!opened) opened = out->guarded([](Connection&) {});
  if (!opened) return fail(opened.error());
  return out;
}

Result<> Series::add(const std::vector<Value>& values, const std::vector<Note>& notes,
                     const std::function<std::string(std::string_view, std::string_view)>& add) {
  return guarded([&](Connection& db) {
    Transaction transaction(db, Transaction::Kind::write);
    for (const auto& value : values) {
      db.run("INSERT OR IGNORE INTO subjects (name) VALUES (?)", value.subject);
      std::int64_t subject = 0;
      {
        auto row = db.query("SELECT num FROM subjects WHERE name = ?", value.subject);
        if (row.next()) subject = row.integer(0);
      }
      std::string there;
      {
        auto row = db.query("SELECT bytes FROM spans WHERE subject = ? AND step = ? AND at = ?", subject, value.step,
                            value.at);
        if (row.next()) there = row.text(0);
      }
      const auto sum = add(there, value.bytes);
      db.run("INSERT OR REPLACE INTO spans (subject, step, at, bytes) VALUES (?, ?, ?, ?)", subject, value.step,
             value.at, Blob{sum});
    }
    for (const auto& note : notes)
      db.run("INSERT OR REPLACE INTO notes (name, text) VALUES (?, ?)", note.name, note.text);
    transaction.commit();
  });
}

Result<> Series::read(const std::string& subject, std::int64_t step, std::int64_t from, std::int64_t until,
                      const std::function<void(std::int64_t, std::string_view)>& take) {
  return guarded([&](Connection& db) {
    auto rows = db.query(
        "SELECT at, bytes FROM spans WHERE subject = (SELECT num FROM subjects WHERE name = ?) AND step = ? AND at >= "
        "? AND at < ? ORDER BY at",
        subject, step, from, until);
    while (rows.next()) take(rows.integer(0), rows.text(1));
  });
}

Result<std::string> Series::note(const std::string& name) {
  std::string out;
  auto read = guarded([&](Connection& db) {
    auto row = db.query("SELECT text FROM notes WHERE name = ?", name);
    if (row.next()) out = row.text(0);
  });
  if (!read) return fail(read.error());
  return out;
}

Result<> Series::prune(const std::vector<Keep>& keep) {
  return guarded([&](Connection& db) {
    std::vector<std::int64_t> subjects;
    {
      auto rows = db.query("SELECT num FROM subjects");
      while (rows.next()) subjects.push_back(rows.integer(0));
    }
    // A transaction each: who writes meanwhile waits for one of them only.
    for (const auto subject : subjects) {
      Transaction transaction(db, Transaction::Kind::write);
      for (const auto& one : keep) {
        db.run("DELETE FROM spans WHERE subject = ? AND step = ? AND (at < ? OR at >= ?)", subject, one.step, one.from,
               one.until);
      }
      db.run("DELETE FROM subjects WHERE num = ?1 AND NOT EXISTS (SELECT 1 FROM spans WHERE subject = ?1)", subject);
      transaction.commit();
    }
  });
}

}  // namespace sluice::store
