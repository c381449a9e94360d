#pragma once
#include <filesystem>
#include <span>

#include "base/result.h"
#include "store/sqlite.h"

namespace sluice::store {

struct Migration {
  const char* name;
  const char* sql;
};

// What this program knows; a migration's place in the list, counted from 1, is the schema's number.
std::span<const Migration> known_migrations();

// What is said of a file that a newer program wrote.
Error newer_schema(int schema, std::size_t known = known_migrations().size());

// Brings the file to the last of them: each in a transaction of its own, after a copy `sluice.db.schema-N` of a file
// that had content. A file of a newer schema is a conflict and stays as it is. May throw SQLite::Exception.
Result<> migrate(Connection& connection, const std::filesystem::path& file,
                 std::span<const Migration> known = known_migrations());

}  // namespace sluice::store
