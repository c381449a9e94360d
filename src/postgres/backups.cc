#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/digest.h"
#include "base/files.h"
#include "postgres/cluster.h"
#include "postgres/hold.h"
#include "postgres/names.h"
#include "postgres/quote.h"
#include "postgres/scram.h"

// What is in a database was written by an app. So it is read and written again as that app's role, never as the owner
// of the cluster: code in a backup (a function that a constraint calls) gets no right that it had not before.
namespace sluice::postgres {
namespace fs = std::filesystem;
namespace {

constexpr Duration kLogin = std::chrono::minutes(5);
constexpr std::string_view kMagic = "PGDMP";

Error cannot(const char* what, const fs::path& path, int number) {
  const auto kind = number == ENOSPC ? ErrorKind::unavailable : ErrorKind::failed;
  return {kind, std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(number), {}};
}

// What is left of the time, at the moment of asking.
class Rest {
 public:
  explicit Rest(const Limits& limits) : limits_(limits), begin_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] Limits operator()() const {
    Limits left = limits_;
    if (left.at_most) {
      *left.at_most -= std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin_);
      left.at_most = std::max(*left.at_most, Duration(1));
    }
    return left;
  }

 private:
  Limits limits_;
  std::chrono::steady_clock::time_point begin_;
};

Result<> sync(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool good = fd >= 0 && ::fsync(fd) == 0;
  const int number = errno;
  if (fd >= 0) ::close(fd);
  return good ? Result<>{} : fail(cannot("write", path, number));
}

Result<Cluster::Backup> digest_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(cannot("read", path, errno));
  Sha256 sha;
  Cluster::Backup out;
  std::array<char, 1 << 16> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    sha.update({buffer.data(), static_cast<std::size_t>(file.gcount())});
    out.bytes += file.gcount();
  }
  if (file.bad()) return fail(cannot("read", path, errno));
  out.sha256 = sha.hex();
  return out;
}

Result<> check_file(const fs::path& file, const std::string& sha256) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "there is no backup " + file.string());
  std::array<char, kMagic.size()> head{};
  in.read(head.data(), head.size());
  const auto damaged = fail(ErrorKind::invalid, file.filename().string() + " is no backup, or it is damaged");
  if (std::string_view(head.data(), static_cast<std::size_t>(in.gcount())) != kMagic) return damaged;
  if (sha256.empty()) return {};
  auto now = digest_of(file);
  if (!now) return fail(now.error());
  return now->sha256 == sha256 ? Result<>{} : damaged;
}

// Removed when it goes, whatever became of it.
struct Leftover {
  fs::path path;
  ~Leftover() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

}  // namespace

Result<Cluster::Backup> Cluster::dump(const std::string& name, const fs::path& file, const Limits& limits) const {
  const Rest rest(limits);
  const auto hold = share(name);
  if (!hold) return fail(hold.error());
  auto login = session(name, kLogin);
  if (!login) return fail(login.error());
  const Leftover partial{file.string() + ".partial"};
  const int fd = ::open(partial.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int number = errno;
  if (fd >= 0) ::close(fd);
  auto done = fd < 0 ? Result<Finished>(fail(cannot("write", partial.path, number)))
                     : run(client(tools_.path("pg_dump"), *login,
                                  {"-Fc", "--no-sync", "-f", fs::absolute(partial.path).string()}, dir_, rest()));
  // Its login would end by itself, later.
  (void)drop_roles("rolname = " + literal(login->user));
  if (!done) return fail(done.error());
  if (!done->ok()) return fail(explain(*done, login->password));
  if (auto synced = sync(partial.path, O_RDONLY); !synced) return fail(synced.error());
  auto backup = digest_of(partial.path);
  if (!backup) return backup;
  if (::rename(partial.path.c_str(), file.c_str()) != 0) return fail(cannot("write", file, errno));
  if (auto synced = sync(fs::absolute(file).parent_path(), O_RDONLY | O_DIRECTORY); !synced)
    return fail(synced.error());
  return backup;
}

Result<> Cluster::restore(const std::string& name, const fs::path& file, const Limits& limits,
                          const std::string& sha256) {
  const Rest rest(limits);
  if (auto there = must_exist(name); !there) return there;
  if (auto good = check_file(file, sha256); !good) return good;
  const auto hold = claim(name);
  if (!hold) return fail(hold.error());
  if (auto tidied = tidy(name); !tidied) return tidied;
  auto done = fill(name, fs::absolute(file), rest());
  if (done) done = swap(name);
  // After a success what is left does no harm, and goes the next time.
  (void)tidy(name);
  return done;
}

Result<> Cluster::copy(const std::string& from, const std::string& to, const Limits& limits) {
  const Rest rest(limits);
  if (from == to) return fail_field("to", "a database cannot be copied onto itself");
  if (auto there = must_exist(to); !there) return there;
  SystemRandom random;
  const fs::path folder = dir_ / kCopies;
  if (auto made = make_dirs(folder, 0700); !made) return made;
  const Leftover file{folder / random_id(random, 16)};
  auto dumped = dump(from, file.path, rest());
  if (!dumped) return fail(dumped.error());
  return restore(to, file.path, rest());
}

// By a login of its own that is called like the database, as only such may enter (pg_hba.conf, samerole).
Result<> Cluster::fill(const std::string& name, const fs::path& file, const Limits& limits) {
  const Rest rest(limits);
  SystemRandom random;
  const auto fresh = restore_name(name);
  const auto login = url(fresh, random_id(random, 24));
  auto made = ask(
      fmt::format(R"(BEGIN;
CREATE ROLE {0} LOGIN INHERIT PASSWORD {2} IN ROLE {1};
ALTER ROLE {0} SET role = {3};
COMMIT;
CREATE DATABASE {0} OWNER {1} TEMPLATE template0;
REVOKE ALL ON DATABASE {0} FROM PUBLIC;
)",
                  identifier(fresh), identifier(name), literal(scram_verifier(login.password, random)), literal(name)),
      rest());
  if (!made) return fail(made.error());
  auto done = run(client(tools_.path("pg_restore"), login,
                         {"--exit-on-error", "--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications",
                          "--no-subscriptions", "--no-security-labels", file.string()},
                         dir_, rest()));
  if (!done) return fail(done.error());
  if (!done->ok()) return fail(explain(*done, login.password));
  // Statistics are in no backup; without them the app's first hours would be slow.
  auto analyzed = psql(tools_, login, "ANALYZE;\n", dir_, rest());
  if (!analyzed) return fail(analyzed.error());
  return analyzed->ok() ? Result<>{} : fail(explain(*analyzed, login.password));
}

// The names change hands in one transaction. pg_db_role_setting is what ALTER DATABASE … SET has said.
Result<> Cluster::swap(const std::string& name) {
  const auto before = before_name(name), fresh = restore_name(name);
  auto done = ask(fmt::format(R"(ALTER DATABASE {0} ALLOW_CONNECTIONS false;
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname IN ({3}, {5}) \g /dev/null
BEGIN;
ALTER DATABASE {0} RENAME TO {1};
ALTER DATABASE {2} RENAME TO {0};
UPDATE pg_db_role_setting SET setdatabase = (SELECT oid FROM pg_database WHERE datname = {3}) WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = {4});
COMMIT;
)",
                              identifier(name), identifier(before), identifier(fresh), literal(name), literal(before),
                              literal(fresh)));
  if (done) return {};
  // The answer to COMMIT may have been lost.
  auto swapped = ask("SELECT 1 FROM pg_database WHERE datname = " + literal(before) + ";\n");
  return swapped && !swapped->empty() ? Result<>{} : fail(done.error());
}

}  // namespace sluice::postgres
