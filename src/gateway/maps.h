#pragma once
#include <map>
#include <string>
#include <vector>

#include "gateway/route.h"

// What HAProxy looks up for each request, in files that it can also be told the lines of while it runs.
namespace sluice::gateway {

constexpr const char* kHostsMap = "hosts.map";  // HOST: the backend or page that answers for it
constexpr const char* kKeysMap = "keys.map";    // ROUTE:DIGEST: the key's name
// BACKEND: its cache's contents; BACKEND/INDEX: the server of that index; BACKEND:SERVER: its index; ROUTE.asleep: the
// page's sentence, in base64; ROUTE.sleeping: that it is woken with a key only, and the realm, likewise.
constexpr const char* kSetsMap = "sets.map";
constexpr const char* kSecuredMap = "secured.map";        // HOST: that it has a certificate
constexpr const char* kChallengesMap = "challenges.map";  // TOKEN: what is answered (ACME, RFC 8555, 8.3)
constexpr const char* kCookie = "sluice-instance";

using Entries = std::map<std::string, std::string>;
std::string map_value(const Route& route);
Entries host_entries(const Route& route);
Entries key_entries(const Route& route);
Entries set_entries(const Route& route);
// All of these begin so: of the keys' map and of the sets'.
std::string key_prefix(const Route& route);
std::string set_prefix(const Route& route);
std::string render_map(const std::vector<Route>& routes, Entries (*entries)(const Route&));

}  // namespace sluice::gateway
