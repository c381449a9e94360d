#pragma once
#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

// The commands that a person types. All but those in Hooks talk HTTP to a server, wherever it is.
namespace sluice::cli {

struct ServeOptions {
  std::filesystem::path data;              // default_data_dir() when not said
  std::string listen = "127.0.0.1:7420";   // ADDRESS:PORT as typed, checked for shape; port 0: the kernel picks
  std::string gateway = "127.0.0.1:8080";  // likewise
  // Typed by the person: a port that is taken is then an error, never replaced by another.
  bool listen_given = false, gateway_given = false;
  std::optional<std::uint16_t> gateway_tls;  // beside the other; 0: the kernel picks; absent: none
  // Whose account at the certificate authority; empty: none is asked. The authority's directory; empty: the usual one.
  std::string acme, acme_directory;
  int builds = 2;  // at once; 1 to 64
};
struct DownOptions {
  std::filesystem::path data;  // default_data_dir() when not said
};
struct LocalTokenOptions {  // token create NAME --data DIR
  std::filesystem::path data;
  std::string name;
  std::string role = "developer";      // viewer, developer or admin
  std::optional<Duration> expires_in;  // absent: never
};

// What works on the server's own machine without HTTP, given by src/app. A hook that is not set: its command is not
// there.
struct Hooks {
  std::string version;                            // of `sluice --version`
  std::function<int(const ServeOptions&)> serve;  // answers the exit status; prints by itself
  std::function<int(const DownOptions&)> down;    // likewise
  // Answers what POST /tokens answers ({id, name, role, token, expires_at}); printed here.
  std::function<Result<boost::json::object>(const LocalTokenOptions&)> create_token;
  // Answers what GET /doctor answers, as far as it can be seen without the server.
  std::function<Result<boost::json::object>(const std::filesystem::path& data)> examine;
};

// Exit statuses of every command.
enum class Exit : int { done = 0, failed = 1, usage = 2, unreachable = 3, not_allowed = 4, timed_out = 5 };
Exit exit_of(ErrorKind kind);

// Parses, runs, prints; answers the exit status. Never throws.
int run(int argc, char** argv, const Hooks& hooks);

// Where a server keeps its things when nothing is said: /var/lib/sluice for root, else $XDG_DATA_HOME/sluice or
// ~/.local/share/sluice.
std::filesystem::path default_data_dir();

}  // namespace sluice::cli
