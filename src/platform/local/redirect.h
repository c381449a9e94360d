#pragma once
#include <optional>
#include <string>

namespace sluice::platform::local {

// Where an answer to GET `path` at `host` sends the asker, when that is another request of the same kind to the same
// app: the path and query. `head` is the answer up to its empty line. Nothing: it is no redirect, it leads elsewhere,
// or it sets a cookie, with which the same page may answer otherwise.
std::optional<std::string> redirected_to(const std::string& head, const std::string& host, const std::string& path);

}  // namespace sluice::platform::local
