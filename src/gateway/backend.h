#pragma once
#include <string>

#include "gateway/route.h"

// A route's own file: a backend for each of its two sets, by the set's policy, and what the two share.
namespace sluice::gateway {

std::string render_route(const Route& route);
// What of such a file HAProxy can only be told by a reload.
std::string without_servers(const std::string& file);
// What follows a server's address, in a file as at run time.
std::string server_options(const Policy& policy);

}  // namespace sluice::gateway
