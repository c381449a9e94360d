#include "postgres/url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace sluice::postgres {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kLongestName = 63;  // PostgreSQL cuts longer ones silently
constexpr std::size_t kLongestHost = 253;
constexpr const char* kHex = "0123456789ABCDEF";

tl::unexpected<Error> bad(std::string why) { return fail_field("url", std::move(why)); }

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text, const char* part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return bad(std::string("in its ") + part +
                 " a % is not followed by two hexadecimal digits; write % itself as %25");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  const auto control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (std::any_of(out.begin(), out.end(), control))
    return bad(std::string("its ") + part + " holds a control character");
  if (!is_utf8(out)) return bad(std::string("its ") + part + " is not UTF-8");
  return out;
}

void encode(std::string& out, std::string_view text) {
  for (char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

// libpq's keywords that make sense in an app's URL, each with its permitted values; none listed: any. "#": a number.
struct Setting {
  const char* name;
  std::vector<std::string_view> values;
};
const std::vector<Setting>& known_settings() {
  static const std::vector<Setting> all{
      {"application_name", {}},
      {"channel_binding", {"disable", "prefer", "require"}},
      {"client_encoding", {}},
      {"connect_timeout", {"#"}},
      {"fallback_application_name", {}},
      {"gssencmode", {"disable", "prefer", "require"}},
      {"keepalives", {"0", "1"}},
      {"keepalives_count", {"#"}},
      {"keepalives_idle", {"#"}},
      {"keepalives_interval", {"#"}},
      {"options", {}},
      {"ssl_max_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}},
      {"ssl_min_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}},
      {"sslcompression", {"0", "1"}},
      {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
      {"sslrootcert", {}},
      {"sslsni", {"0", "1"}},
      {"target_session_attrs", {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
      {"tcp_user_timeout", {"#"}},
  };
  return all;
}

Result<> check_value(const Setting& setting, const std::string& value) {
  const std::string name = setting.name;
  if (name == "sslrootcert") {
    if (value.starts_with("/etc/ssl/certs/") && value.find("/..") == std::string::npos) return {};
    return bad(
        "sslrootcert must be a file in /etc/ssl/certs, such as /etc/ssl/certs/ca-certificates.crt: an app in its "
        "sandbox sees no other");
  }
  if (setting.values.empty()) return {};
  if (setting.values.front() == "#") {
    if (!value.empty() && value.size() <= 9 &&
        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return {};
    }
    return bad(name + " must be a whole number");
  }
  if (std::find(setting.values.begin(), setting.values.end(), value) != setting.values.end()) return {};
  std::string list;
  for (auto one : setting.values) list += (list.empty() ? "" : ", ") + std::string(one);
  return bad(name + " must be one of " + list);
}

Result<> read_setting(std::string_view pair, std::map<std::string, std::string>& into) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || pair.find('=', equals + 1) != std::string_view::npos) {
    return bad("what follows its ? must read NAME=VALUE&NAME=VALUE; write = inside a value as %3D");
  }
  auto name = decoded(pair.substr(0, equals), "query");
  auto value = decoded(pair.substr(equals + 1), "query");
  if (!name) return fail(name.error());
  if (!value) return fail(value.error());
  if (*name == "ssl" && *value == "true") {
    into["sslmode"] = "require";
    return {};
  }
  for (auto* file : {"sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir", "passfile", "service"}) {
    if (*name == file)
      return bad(std::string(file) + " names something of this machine, which an app in its sandbox does not see");
  }
  for (auto* place : {"host", "hostaddr", "port", "user", "password", "dbname"}) {
    if (*name == place)
      return bad(std::string(place) + " must stand before the ?, as in postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  for (const auto& setting : known_settings()) {
    if (*name != setting.name) continue;
    if (auto good = check_value(setting, *value); !good) return good;
    into[*name] = std::move(*value);
    return {};
  }
  std::string list;
  for (const auto& setting : known_settings()) list += (list.empty() ? "" : ", ") + std::string(setting.name);
  return bad("its query has a setting that is not for every app's library to understand; known are " + list +
             "; a library's own belong into a variable DATABASE_URL of the stage");
}

Result<std::string> read_host(std::string_view text, bool bracketed) {
  if (text.empty()) {
    return bad(
        "it names no host: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE (an app in its sandbox sees no Unix "
        "socket)");
  }
  auto host = decoded(text, "host");
  if (!host) return host;
  if (host->find(',') != std::string::npos) return bad("it names several hosts; name one");
  if (host->find('/') != std::string::npos)
    return bad("its host is a Unix socket, which an app in its sandbox does not see; name a host");
  if (host->find('@') != std::string::npos) {
    return bad("it has more than one @: one in a user or password is written %40");
  }
  const bool fits = std::all_of(host->begin(), host->end(), [bracketed](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || (bracketed ? c == ':' || c == '%' : c == '_');
  });
  if (!fits || host->size() > kLongestHost) {
    return bad(
        "its host is no name and no address (an IPv6 address stands in brackets; @, / and : in a user or password are "
        "written %40, %2F and %3A)");
  }
  return host;
}

Result<std::uint16_t> read_port(std::string_view text) {
  if (text.empty()) return 5432;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) {
    return bad("its port is no number from 1 to 65535 (@, / and : in a user or password are written %40, %2F and %3A)");
  }
  return static_cast<std::uint16_t>(port);
}

// Of "HOST:PORT" or "[HOST]:PORT".
Result<> read_place(std::string_view place, Url& url) {
  const bool bracketed = place.starts_with('[');
  auto end = bracketed ? place.find(']') : place.find(':');
  if (bracketed && end == std::string_view::npos) return bad("an IPv6 address begins with [ and has no ]");
  auto host = read_host(bracketed ? place.substr(1, end - 1) : place.substr(0, end), bracketed);
  if (!host) return fail(host.error());
  url.host = std::move(*host);
  auto rest = end == std::string_view::npos ? std::string_view() : place.substr(bracketed ? end + 1 : end);
  if (!rest.empty() && rest.front() != ':') return bad("after the ] of an IPv6 address stands neither : nor /");
  auto port = read_port(rest.empty() ? rest : rest.substr(1));
  if (!port) return fail(port.error());
  url.port = *port;
  return {};
}

Result<std::string> read_name(std::string_view text, const char* part) {
  auto name = decoded(text, part);
  if (!name) return name;
  if (name->empty()) {
    return bad(std::string("it names no ") + part + ": write postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  if (name->size() > kLongestName) return bad(std::string("its ") + part + " is longer than 63 bytes");
  return name;
}

}  // namespace

// After conninfo_uri_parse_options in libpq: the user's part ends at the first @ that stands before any /.
Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kLongest) return bad("it is longer than 4096 bytes");
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f; })) {
    return bad("it holds a blank or a control character; write a blank as %20");
  }
  if (text.find('#') != std::string_view::npos) return bad("it holds a #; write it as %23");
  std::string_view rest;
  for (std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (text.starts_with(scheme)) rest = text.substr(scheme.size());
  }
  if (!rest.data()) return bad("it must begin with postgresql:// or postgres://");
  Url url;
  const auto at = rest.find_first_of("@/");
  if (at == std::string_view::npos || rest[at] != '@') {
    return bad(
        "it names no user: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE (@, / and : in a user or password are "
        "written %40, %2F and %3A)");
  }
  const auto who = rest.substr(0, at);
  const auto colon = who.find(':');
  auto user = read_name(who.substr(0, colon), "user");
  if (!user) return fail(user.error());
  url.user = std::move(*user);
  auto password = decoded(colon == std::string_view::npos ? std::string_view() : who.substr(colon + 1), "password");
  if (!password) return fail(password.error());
  url.password = std::move(*password);
  rest = rest.substr(at + 1);

  const auto place_end = std::min(rest.find_first_of("/?"), rest.size());
  if (auto read = read_place(rest.substr(0, place_end), url); !read) return fail(read.error());
  rest = rest.substr(place_end);
  const auto query = std::min(rest.find('?'), rest.size());
  auto database = read_name(rest.starts_with('/') ? rest.substr(1, query - 1) : std::string_view(), "database");
  if (!database) return fail(database.error());
  url.database = std::move(*database);
  rest = rest.substr(query);
  while (rest.size() > 1) {
    rest = rest.substr(1);
    const auto end = std::min(rest.find('&'), rest.size());
    if (auto read = read_setting(rest.substr(0, end), url.settings); !read) return fail(read.error());
    rest = rest.substr(end);
  }
  const auto mode = url.settings.find("sslmode");
  if (mode != url.settings.end() && mode->second.starts_with("verify") && !url.settings.contains("sslrootcert")) {
    return bad("sslmode=" + mode->second +
               " needs to know whom to trust: add &sslrootcert=/etc/ssl/certs/ca-certificates.crt");
  }
  return url;
}

std::string Url::text() const {
  std::string out = "postgresql://";
  encode(out, user);
  if (!password.empty()) encode(out += ':', password);
  const bool v6 = host.find(':') != std::string::npos;
  out += v6 ? "@[" : "@";
  // A zone (fe80::1%eth0) is the one thing in a host that is encoded.
  for (char c : host) out += c == '%' ? std::string("%25") : std::string(1, c);
  out += (v6 ? "]:" : ":") + std::to_string(port) + "/";
  encode(out, database);
  char before = '?';
  for (const auto& [name, value] : settings) {
    out += std::exchange(before, '&') + name + "=";
    encode(out, value);
  }
  return out;
}

std::map<std::string, std::string> variables(const Url& url) {
  const auto port = std::to_string(url.port);
  std::map<std::string, std::string> out{{"DATABASE_URL", url.text()},
                                         {"PGHOST", url.host},
                                         {"PGPORT", port},
                                         {"PGUSER", url.user},
                                         {"PGPASSWORD", url.password},
                                         {"PGDATABASE", url.database},
                                         {"PG_HOST", url.host},
                                         {"PG_PORT", port},
                                         {"PG_USER", url.user},
                                         {"PG_USERNAME", url.user},
                                         {"PG_PASSWORD", url.password},
                                         {"PG_DATABASE", url.database}};
  // libpq reads these beside the others, and would talk in the clear without.
  for (auto [setting, name] : {std::pair("sslmode", "PGSSLMODE"), std::pair("sslrootcert", "PGSSLROOTCERT")}) {
    if (auto said = url.settings.find(setting); said != url.settings.end()) out[name] = said->second;
  }
  return out;
}

}  // namespace sluice::postgres
