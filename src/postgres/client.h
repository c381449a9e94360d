#pragma once
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "base/time.h"
#include "postgres/tools.h"
#include "postgres/url.h"

// psql, pg_dump and pg_restore as children. The password travels in the child's environment, SQL through its standard
// input; nothing of this process's environment or of anybody's home directory reaches them.
namespace sluice::postgres {

struct Limits {
  std::optional<Duration> at_most;  // from the call's beginning
  std::stop_token stop;
};

// `options` follow the connection. A host that is /proc/self/cwd means the socket in `folder`, where the child then
// works: so its path is short, however deep the folder is.
ProcessCommand client(const std::string& program, const Url& to, std::vector<std::string> options,
                      const std::filesystem::path& folder, const Limits& limits);
inline constexpr const char* kSocketHere = "/proc/self/cwd";

// What the statements print, a row a line, fields apart by kFieldEnd; ends at the first error. A psql command such as
// \gexec may be among them.
inline constexpr char kFieldEnd = '\x1f';
Result<Finished> psql(const Tools& tools, const Url& to, const std::string& statements,
                      const std::filesystem::path& folder, const Limits& limits);

// One line of what a program of PostgreSQL wrote to its standard error: the first error in it, without the program's
// name and place, and with the password crossed out.
std::string first_complaint(const std::string& errors, const std::string& password);

}  // namespace sluice::postgres
