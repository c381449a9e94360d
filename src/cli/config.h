#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

// Which server, and as whom: SLUICE_URL and SLUICE_TOKEN, else what `login` kept.
namespace sluice::cli {

using Environment = std::function<std::optional<std::string>(const char* name)>;  // empty values count as absent
Environment process_environment();

struct Login {
  std::string url;  // without a final slash
  std::string token;
};

// $XDG_CONFIG_HOME/sluice/config.json, else ~/.config/sluice/config.json.
Result<std::filesystem::path> config_path(const Environment& env);
// The kept one as the environment overrides it. A SLUICE_URL of another server than the kept one's never gets the kept
// token. An Error says what to type.
Result<Login> find_login(const Environment& env);
Result<> keep_login(const Environment& env, const Login& login);  // mode 0600, its folder 0700
Result<bool> forget_login(const Environment& env);                // false: there was none

// "http://HOST[:PORT][/PATH]" or https, without a final slash; "127.0.0.1:7420" gets http. A name or password in it, a
// query or other schemes are refused.
Result<std::string> server_url(const std::string& typed);
// Scheme and authority of such a URL.
std::string origin_of(const std::string& url);

// A value that need not stand on a command line: "-" is standard input to its end (one final line break dropped),
// "@FILE" the file's content (likewise), anything else itself. `what` names it in the error.
Result<std::string> secret_value(const std::string& typed, const std::string& what);

}  // namespace sluice::cli
