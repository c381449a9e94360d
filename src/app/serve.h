#pragma once
#include "cli/cli.h"

namespace sluice::app {

// `sluice serve`: every room wired together, until SIGINT or SIGTERM. Answers the exit status.
int serve(const cli::ServeOptions& options, const std::string& version);
// `sluice down`: the server, and what outlives it.
int down(const cli::DownOptions& options);
// `sluice token create --data`: whoever may write the data directory owns the server.
Result<boost::json::object> create_token(const cli::LocalTokenOptions& options);

// `sluice doctor --data`: what can be seen of a server without asking it.
Result<boost::json::object> examine(const std::filesystem::path& data);

}  // namespace sluice::app
