#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::postgres {

// Where a database is and as whom to use it.
struct Url {
  std::string host;  // a name or an address, an IPv6 one without its brackets
  std::uint16_t port = 5432;
  std::string user;
  std::string password;  // may be empty: a server can trust an address
  std::string database;
  std::map<std::string, std::string> settings;  // of the query, such as sslmode; libpq's keywords

  // A URL that a person gave: postgres:// or postgresql://, read as libpq reads it. Refused is what libpq refuses, and
  // what an app in its sandbox or its library could not use: Unix sockets, several hosts, files of this machine, a
  // host, user or database left out. Its errors (invalid, field "url") repeat nothing of the URL, where a password may
  // stand in an unexpected place.
  static Result<Url> parse(std::string_view text);
  // postgresql://…, every part percent-encoded: libraries differ in what they read without.
  [[nodiscard]] std::string text() const;
  bool operator==(const Url&) const = default;
};

// What an app is given: DATABASE_URL; PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and, when said, PGSSLMODE;
// PG_HOST, PG_PORT, PG_USER, PG_USERNAME, PG_PASSWORD, PG_DATABASE.
std::map<std::string, std::string> variables(const Url& url);

}  // namespace sluice::postgres
