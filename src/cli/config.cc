#include "cli/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "base/files.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

namespace sluice::cli {
namespace fs = std::filesystem;

Environment process_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

fs::path default_data_dir() {
  if (geteuid() == 0) return "/var/lib/sluice";
  const auto env = process_environment();
  if (auto home = env("XDG_DATA_HOME")) return fs::path(*home) / "sluice";
  return fs::path(env("HOME").value_or(".")) / ".local/share/sluice";
}

Result<fs::path> config_path(const Environment& env) {
  if (auto dir = env("XDG_CONFIG_HOME")) return fs::path(*dir) / "sluice/config.json";
  if (auto home = env("HOME")) return fs::path(*home) / ".config/sluice/config.json";
  return fail(ErrorKind::failed, "neither XDG_CONFIG_HOME nor HOME is set; set SLUICE_URL and SLUICE_TOKEN instead");
}

namespace {

Result<std::optional<Login>> kept_login(const Environment& env) {
  auto path = config_path(env);
  if (!path) return std::optional<Login>{};
  std::error_code code;
  if (!fs::exists(*path, code)) return std::optional<Login>{};
  auto text = read_file(*path);
  if (!text) return fail(text.error());
  boost::json::error_code bad;
  auto value = boost::json::parse(*text, bad);
  Login out{text_at(value, "url"), text_at(value, "token")};
  if (bad || out.url.empty() || out.token.empty())
    return fail(ErrorKind::failed,
                fmt::format("{} is not what `sluice login` writes; run `sluice login URL` again", path->string()));
  return std::optional<Login>(out);
}

// What to type when nobody has signed in: more exact when a server runs on this machine.
std::string how_to_sign_in() {
  auto file = read_file(default_data_dir() / "server.json");
  boost::json::error_code bad;
  const auto value = file ? boost::json::parse(*file, bad) : boost::json::value();
  const std::string url = bad ? "" : text_at(value, "api");
  if (url.empty())
    return "no server is known here; type: sluice login URL, with the address that `sluice serve` printed";
  return fmt::format(
      "you are not signed in, and a server runs on this machine; type: sluice token create {} --role admin --data {}, "
      "then: sluice login {}",
      process_environment()("USER").value_or("me"), default_data_dir().string(), url);
}

}  // namespace

Result<Login> find_login(const Environment& env) {
  const auto url = env("SLUICE_URL");
  const auto token = env("SLUICE_TOKEN");
  if (url) {
    auto checked = server_url(*url);
    if (!checked) return fail(checked.error().while_("SLUICE_URL"));
    if (token) return Login{*checked, *token};
    auto kept = kept_login(env);
    if (kept && *kept && (*kept)->url == *checked) return **kept;
    return fail(ErrorKind::unauthenticated,
                fmt::format("SLUICE_URL is set and SLUICE_TOKEN is not; set both, or type: sluice login {}", *checked));
  }
  auto kept = kept_login(env);
  if (!kept) return fail(kept.error());
  if (!*kept) return fail(ErrorKind::unauthenticated, how_to_sign_in());
  Login out = **kept;
  if (token) out.token = *token;
  return out;
}

Result<> keep_login(const Environment& env, const Login& login) {
  auto path = config_path(env);
  if (!path) return fail(path.error());
  if (auto made = make_dirs(path->parent_path(), 0700); !made) return made;
  return write_file(*path, pretty(boost::json::object{{"url", login.url}, {"token", login.token}}), 0600);
}

Result<bool> forget_login(const Environment& env) {
  auto path = config_path(env);
  if (!path) return fail(path.error());
  std::error_code code;
  const bool was = fs::remove(*path, code);
  if (code) return fail(ErrorKind::failed, fmt::format("cannot remove {}: {}", path->string(), code.message()));
  return was;
}

Result<std::string> server_url(const std::string& typed) {
  std::string url = typed;
  if (url.find("://") == std::string::npos) url = "http://" + url;
  const auto refuse = [&](const char* why) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" {}; write it as http://127.0.0.1:7420", one_line(typed), why));
  };
  const std::string scheme = url.substr(0, url.find("://"));
  if (scheme != "http" && scheme != "https") return refuse("is not the address of a server");
  while (url.ends_with('/')) url.pop_back();
  const auto begin = scheme.size() + 3;
  if (url.size() <= begin) return refuse("has no host");
  const std::string authority = url.substr(begin, url.find('/', begin) - begin);
  if (authority.find('@') != std::string::npos)
    return fail(ErrorKind::invalid,
                "a name or password does not belong in the address; write it as http://127.0.0.1:7420");
  if (authority.empty()) return refuse("has no host");
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= ' ' || c == '?' || c == '#' || c == '"' || c == '\\')
      return refuse("is not the address of a server");
  return url;
}

std::string origin_of(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return url;
  return url.substr(0, url.find('/', begin + 3));
}

Result<std::string> secret_value(const std::string& typed, const std::string& what) {
  std::string out;
  if (typed == "-") {
    out.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (typed.starts_with("@")) {
    auto text = read_file(typed.substr(1), 1u << 20);
    if (!text) return fail(text.error().while_(what));
    out = std::move(*text);
  } else {
    return typed;
  }
  if (out.ends_with('\n')) out.pop_back();
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

}  // namespace sluice::cli
