#pragma once
#include <filesystem>

#include "base/result.h"
#include "store/sqlite.h"

namespace sluice::store {

// The newest schema this program knows.
int known_schema();

// Brings the file to it: each migration in a transaction of its own, after a copy `sluice.db.schema-N` of a file that
// had content. A file of a newer schema is a conflict and stays as it is.
Result<> migrate(Connection& connection, const std::filesystem::path& file);

}  // namespace sluice::store
