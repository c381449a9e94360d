#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <vector>

#include "postgres/cluster.h"
#include "postgres/hold.h"
#include "postgres/names.h"
#include "postgres/quote.h"
#include "postgres/scram.h"
#include "postgres/settings.h"

// Roles and databases of stages. Statements go through psql's \gexec, so that what is there already is left alone.
namespace sluice::postgres {
namespace {

constexpr Duration kAskLimit = std::chrono::seconds(60);
constexpr int kGuestConnections = 5;
constexpr std::size_t kGuestPassword = 24;  // characters of 5 bits

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) out.push_back(line);
  return out;
}

}  // namespace

Result<Cluster::Hold> Cluster::share(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  auto at = held_.try_emplace(name, 0).first;
  if (at->second < 0) {
    return fail(ErrorKind::unavailable,
                "the database is being restored or removed at the moment: try again when that has ended");
  }
  ++at->second;
  return Hold(*this, name);
}

Result<Cluster::Hold> Cluster::claim(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto [at, free] = held_.try_emplace(name, -1);
  if (!free) {
    return fail(ErrorKind::unavailable,
                at->second < 0
                    ? "the database is being restored or removed at the moment: try again when that has ended"
                    : "the database is being backed up or set up at the moment: try again when that has ended");
  }
  return Hold(*this, name);
}

Result<std::string> Cluster::ask(const std::string& statements, const Limits& limits,
                                 const std::string& database) const {
  Limits own = limits;
  if (!own.at_most) own.at_most = kAskLimit;
  // What the owner of a database made its default for everybody is not for us.
  const std::string plain =
      "SET search_path = pg_catalog;\nSET default_transaction_read_only = off;\n"
      "SET client_min_messages = error;\n";
  auto done = psql(tools_, owner(database), plain + statements, dir_ / "run", own);
  if (!done) return fail(done.error());
  if (!done->ok()) return fail(explain(*done));
  return std::move(done->out);
}

Url Cluster::url(const std::string& name, const std::string& password) const {
  return {"127.0.0.1", port_, name, password, name, {}};
}

Result<bool> Cluster::exists(const std::string& name) const {
  if (auto good = check_name(name); !good) return fail(good.error());
  auto found = ask("SELECT 1 FROM pg_database WHERE datconnlimit <> -2 AND datname = " + literal(name) + ";\n");
  if (!found) return fail(found.error());
  return !found->empty();
}

Result<std::int64_t> Cluster::size(const std::string& name) const {
  if (auto there = must_exist(name); !there) return fail(there.error());
  auto text = ask("SELECT pg_database_size(" + literal(name) + ");\n");
  if (!text) return fail(text.error());
  std::int64_t bytes = 0;
  std::from_chars(text->data(), text->data() + text->size(), bytes);
  return bytes;
}

Result<> Cluster::must_exist(const std::string& name) const {
  auto there = exists(name);
  if (!there) return fail(there.error());
  return *there ? Result<>{} : fail(ErrorKind::not_found, "there is no database " + name);
}

Result<> Cluster::ensure(const std::string& name, const std::string& password) {
  if (auto good = check_name(name); !good) return good;
  if (auto good = check_password(password); !good) return good;
  const auto hold = share(name);
  if (!hold) return fail(hold.error());
  const std::lock_guard one_by_one(ensure_);
  auto kept = ask("SELECT rolpassword FROM pg_authid WHERE rolname = " + literal(name) + ";\n");
  if (!kept) return fail(kept.error());
  std::string set_password;
  if (!scram_matches(kept->substr(0, kept->find('\n')), password)) {
    SystemRandom random;
    set_password = " PASSWORD " + literal(scram_verifier(password, random));
  }
  // A database whose removal was interrupted (datconnlimit -2) can only be removed.
  auto done = ask(fmt::format(
      R"(SELECT format('CREATE ROLE %I NOLOGIN', {0}) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {0}) \gexec
ALTER ROLE {1} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {2} VALID UNTIL 'infinity'{3};
SELECT format('DROP DATABASE %I', {0}) FROM pg_database WHERE datname = {0} AND datconnlimit = -2 \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', {0}, {0}) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {0}) \gexec
ALTER DATABASE {1} OWNER TO {1};
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {0}) FROM pg_database d WHERE datname = {0} AND EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0) \gexec
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS true CONNECTION LIMIT -1 IS_TEMPLATE false', {0}) FROM pg_database WHERE datname = {0} AND (NOT datallowconn OR datconnlimit <> -1 OR datistemplate) \gexec
)",
      literal(name), identifier(name), each_, set_password));
  if (!done) return fail(done.error());
  return {};
}

Result<> Cluster::drop(const std::string& name) {
  if (auto good = check_name(name); !good) return good;
  const auto hold = claim(name);
  if (!hold) return fail(hold.error());
  if (auto tidied = tidy(name); !tidied) return tidied;
  auto done = ask(fmt::format(
      R"(SELECT format('ALTER DATABASE %I IS_TEMPLATE false', datname) FROM pg_database WHERE datname = {0} AND datistemplate AND datconnlimit <> -2 \gexec
DROP DATABASE IF EXISTS {1} WITH (FORCE);
)",
      literal(name), identifier(name)));
  if (!done) return fail(done.error());
  auto gone = drop_roles(fmt::format("rolname = {0} OR starts_with(rolname, {0} || '~')", literal(name)));
  return gone ? Result<>{} : fail(gone.error());
}

// A restore that was cut short has left the database as it was, but perhaps closed; one that was cut short after its
// end has left the old one.
Result<> Cluster::tidy(const std::string& name) {
  const auto of = [&](const char* column, const std::string& ending) {
    return name.empty() ? fmt::format("right({}, {}) = '{}'", column, ending.size(), ending)
                        : fmt::format("{} = {}", column, literal(name + ending));
  };
  const auto left = "(" + of("datname", restore_name("")) + " OR " + of("datname", before_name("")) + ")";
  auto done = ask(fmt::format(
      R"(SELECT format('ALTER DATABASE %I IS_TEMPLATE false', datname) FROM pg_database WHERE {0} AND datistemplate AND datconnlimit <> -2 \gexec
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE {0} \gexec
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS true', datname) FROM pg_database WHERE NOT datallowconn AND datconnlimit <> -2 AND datname <> 'template0' AND {1} \gexec
)",
      left, name.empty() ? "true" : "datname = " + literal(name)));
  if (!done) return fail(done.error());
  auto gone = drop_roles(of("rolname", restore_name("")));
  return gone ? Result<>{} : fail(gone.error());
}

// Also one that was given rights in other stages' databases, by their owners, or owns something there: that stays, and
// belongs to the owner of its database.
Result<int> Cluster::drop_roles(const std::string& where) const {
  auto roles = ask("SELECT rolname FROM pg_roles WHERE " + where + ";\n");
  if (!roles) return fail(roles.error());
  int dropped = 0;
  for (const auto& role : lines(*roles)) {
    auto places = ask(fmt::format(
        R"(SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = {0} \g /dev/null
SELECT DISTINCT datname, pg_get_userbyid(datdba) FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.refobjid WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = {0};
)",
        literal(role)));
    if (!places) return fail(places.error());
    for (const auto& place : lines(*places)) {
      const auto end = place.find(kFieldEnd);
      auto given = ask(fmt::format("REASSIGN OWNED BY {0} TO {1};\nDROP OWNED BY {0};\n", identifier(role),
                                   identifier(place.substr(end + 1))),
                       {}, place.substr(0, end));
      if (!given) return fail(given.error());
    }
    auto gone = ask(fmt::format("DROP OWNED BY {0};\nDROP ROLE {0};\n", identifier(role)));
    if (!gone) return fail(gone.error());
    ++dropped;
  }
  return dropped;
}

Result<Url> Cluster::session(const std::string& name, Duration valid_for) const {
  if (auto there = must_exist(name); !there) return fail(there.error());
  const auto hold = share(name);
  if (!hold) return fail(hold.error());
  SystemRandom random;
  const auto guest = guest_name(name, random_id(random, kGuestId));
  const auto password = random_id(random, kGuestPassword);
  auto made = ask(fmt::format(
      R"(BEGIN;
CREATE ROLE {0} LOGIN INHERIT CONNECTION LIMIT {1} PASSWORD {2} IN ROLE {3};
ALTER ROLE {0} SET role = {4};
SELECT format('ALTER ROLE %I VALID UNTIL %L', {5}, now() + interval '{6} milliseconds') \gexec
COMMIT;
)",
      identifier(guest), kGuestConnections, literal(scram_verifier(password, random)), identifier(name), literal(name),
      literal(guest), valid_for.count()));
  if (!made) return fail(made.error());
  auto out = url(name, password);
  out.user = guest;
  return out;
}

Result<int> Cluster::forget_sessions() {
  return drop_roles(
      fmt::format("rolname ~ '{}' AND rolvaliduntil < now() AND NOT EXISTS (SELECT FROM pg_stat_activity "
                  "WHERE usename = rolname)",
                  kGuests));
}

}  // namespace sluice::postgres
