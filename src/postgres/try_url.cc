#include "postgres/try_url.h"

#include <charconv>
#include <sstream>
#include <vector>

#include "postgres/client.h"

namespace sluice::postgres {
namespace {

constexpr const char* kLook =
    "SELECT current_setting('server_version_num'), current_setting('server_version'), pg_is_in_recovery(), "
    "current_setting('transaction_read_only'), current_schema(), "
    "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false);\n";

struct Known {
  const char* words;  // of libpq or the server, in English
  ErrorKind kind;
  const char* sentence;
};

// The first that fits counts.
constexpr Known kKnown[] = {
    {"could not translate host name", ErrorKind::unavailable,
     "its host HOST is unknown: no address belongs to that name"},
    {"Connection refused", ErrorKind::unavailable, "nothing listens on HOST: the server is down, or the port is wrong"},
    {"No route to host", ErrorKind::unavailable, "HOST cannot be reached from this machine"},
    {"Network is unreachable", ErrorKind::unavailable, "HOST cannot be reached from this machine"},
    {"timeout expired", ErrorKind::unavailable, "HOST does not answer: a firewall may swallow what is sent to it"},
    {"Connection timed out", ErrorKind::unavailable, "HOST does not answer: a firewall may swallow what is sent to it"},
    {"password authentication failed", ErrorKind::invalid, "the server refuses the user or the password"},
    {"no password supplied", ErrorKind::invalid, "the server wants a password, and the URL holds none"},
    {"no encryption", ErrorKind::invalid,
     "the server does not let this user into this database from here without TLS: add ?sslmode=require, or allow it in "
     "the server's pg_hba.conf"},
    {"no pg_hba.conf entry", ErrorKind::invalid,
     "the server does not let this user into this database from this machine: its pg_hba.conf must allow it"},
    {"pg_hba.conf rejects", ErrorKind::invalid,
     "the server does not let this user into this database from this machine: its pg_hba.conf forbids it"},
    {"server does not support SSL", ErrorKind::invalid, "the server speaks no TLS, and the URL's sslmode demands it"},
    {"certificate verify failed", ErrorKind::invalid,
     "the server's certificate is signed by nobody who is trusted here"},
    {"does not match host name", ErrorKind::invalid, "the server's certificate is for another name than HOST"},
    {"root certificate file", ErrorKind::invalid,
     "the file that its sslrootcert names is not there or is no certificate"},
    {"SSL error", ErrorKind::invalid, "TLS with the server fails"},
    {"is not permitted to log in", ErrorKind::invalid, "its user may not log in"},
    {"is not currently accepting connections", ErrorKind::unavailable,
     "its database accepts no connections at present"},
    {"permission denied for database", ErrorKind::invalid, "its user may not connect to its database"},
    {"too many connections for", ErrorKind::unavailable,
     "all connections that its user or database may have are in use: close some, or raise the limit"},
    {"too many clients", ErrorKind::unavailable,
     "all connections of the server are in use: close some, or raise its max_connections"},
    {"remaining connection slots", ErrorKind::unavailable,
     "all connections of the server are in use: close some, or raise its max_connections"},
    {"starting up", ErrorKind::unavailable, "the server is starting: try again in a moment"},
    {"in recovery mode", ErrorKind::unavailable, "the server is recovering from a crash: try again in a moment"},
    {"not yet accepting connections", ErrorKind::unavailable, "the server is starting: try again in a moment"},
    {"shutting down", ErrorKind::unavailable, "the server is shutting down"},
    {"session is read-only", ErrorKind::invalid, "it is a read-only standby: name the primary server"},
    {"session is not read-only", ErrorKind::invalid, "the server is not the kind its target_session_attrs demands"},
    {"server is in hot standby mode", ErrorKind::invalid, "it is a read-only standby: name the primary server"},
    {"server is not in hot standby mode", ErrorKind::invalid,
     "the server is not the kind its target_session_attrs demands"},
    {"received invalid response to", ErrorKind::invalid, "what answers on HOST is no PostgreSQL server"},
    {"expected authentication request", ErrorKind::invalid, "what answers on HOST is no PostgreSQL server"},
    {"invalid length of startup packet", ErrorKind::invalid, "what answers on HOST is no PostgreSQL server"},
    {"server closed the connection unexpectedly", ErrorKind::unavailable,
     "what listens on HOST closes the connection at once: no PostgreSQL server, or one that does not want this "
     "machine"},
};

tl::unexpected<Error> refuse(ErrorKind kind, std::string why) {
  why.insert(0, "the existing database cannot be used: ");
  return fail(
      Error{kind, why, kind == ErrorKind::invalid ? std::vector<FieldError>{{"url", why}} : std::vector<FieldError>{}});
}

tl::unexpected<Error> explained(const std::string& errors, const Url& url) {
  const auto has = [&](const char* words) { return errors.find(words) != std::string::npos; };
  if (has("database \"") && has("\" does not exist"))
    return refuse(ErrorKind::invalid, "there is no such database on the server");
  if (has("role \"") && has("\" does not exist"))
    return refuse(ErrorKind::invalid, "there is no such user on the server");
  for (const auto& known : kKnown) {
    if (!has(known.words)) continue;
    std::string sentence = known.sentence;
    if (const auto at = sentence.find("HOST"); at != std::string::npos) {
      sentence.replace(at, 4, url.host + ":" + std::to_string(url.port));
    }
    return refuse(known.kind, sentence);
  }
  return refuse(ErrorKind::failed, "the server says: " + first_complaint(errors, url.password));
}

}  // namespace

Result<Tried> try_url(const Url& url, Duration at_most) {
  const auto tools = find_client();
  if (!tools) return fail(tools.error());
  Limits limits{at_most, {}};
  auto done = psql(*tools, url, kLook, "/", limits);
  if (!done) return fail(done.error());
  if (done->timed_out) {
    return refuse(ErrorKind::unavailable,
                  url.host + ":" + std::to_string(url.port) + " does not answer within " + human_duration(at_most));
  }
  if (!done->ok()) return explained(done->err, url);
  std::vector<std::string> fields;
  std::istringstream row(done->out.substr(0, done->out.find('\n')));
  for (std::string field; std::getline(row, field, kFieldEnd);) fields.push_back(field);
  int number = 0;
  if (fields.size() == 6) std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), number);
  if (number == 0) return refuse(ErrorKind::invalid, "what answers is no PostgreSQL server");
  Tried tried{fields[1].substr(0, fields[1].find(' ')), number / 10000, fields[4], fields[5] == "t"};
  if (tried.major < kOldestAccepted) {
    return refuse(ErrorKind::invalid, "its PostgreSQL is version " + tried.version + ", and 12 or newer is needed");
  }
  if (fields[2] == "t") return refuse(ErrorKind::invalid, "it is a read-only standby: name the primary server");
  if (fields[3] == "on") {
    return refuse(ErrorKind::invalid, "its user or database is set to read only (default_transaction_read_only)");
  }
  return tried;
}

}  // namespace sluice::postgres
