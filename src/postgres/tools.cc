#include "postgres/tools.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <system_error>

#include "base/process.h"

namespace sluice::postgres {
namespace fs = std::filesystem;
namespace {

Tools newest_with(std::initializer_list<const char*> programs, const fs::path& installed, int exactly) {
  Tools newest;
  std::error_code error;
  for (fs::directory_iterator it(installed, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    Tools tools{0, it->path() / "bin"};
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), tools.version);
    if (bad != std::errc() || rest != name.data() + name.size() || tools.version <= newest.version) continue;
    if (exactly != 0 && tools.version != exactly) continue;
    if (std::all_of(programs.begin(), programs.end(), [&](auto* one) { return program_exists(tools.path(one)); })) {
      newest = std::move(tools);
    }
  }
  return newest;
}

}  // namespace

Result<Tools> find_server(int version, const fs::path& installed) {
  auto tools = newest_with({"postgres", "initdb", "psql", "pg_dump", "pg_restore"}, installed, version);
  if (tools.version >= kOldestServer) return tools;
  if (version == 0) {
    return fail(ErrorKind::failed, "PostgreSQL is not installed: install the package postgresql-15 and try again");
  }
  const auto number = std::to_string(version);
  return fail(ErrorKind::failed, "the databases were made by PostgreSQL " + number +
                                     ", which is not installed: install the package postgresql-" + number +
                                     " and try again");
}

Result<Tools> find_client(const fs::path& installed) {
  auto tools = newest_with({"psql"}, installed, 0);
  if (tools.version > 0) return tools;
  return fail(ErrorKind::failed, "psql is not installed: install the package postgresql-client-15 and try again");
}

}  // namespace sluice::postgres
