#pragma once
#include <algorithm>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <string>
#include <vector>

// What the gateway knows of one address.
namespace sluice::gateway {

struct Server {
  std::string name;       // letters, digits, '.', '_', '-'; never used again for another port
  std::int64_t port = 0;  // on 127.0.0.1
  bool operator==(const Server&) const = default;
};
BOOST_DESCRIBE_STRUCT(Server, (), (name, port))

// A full set of servers: what one deployment started.
struct Set {
  std::string tag;  // whose it is; empty: nobody's
  std::vector<Server> servers;
  [[nodiscard]] bool has(const std::string& name) const {
    return std::any_of(servers.begin(), servers.end(), [&](const Server& s) { return s.name == name; });
  }
  bool operator==(const Set&) const = default;
};
BOOST_DESCRIBE_STRUCT(Set, (), (tag, servers))

// Two sets, of which one is live. Requests move from one to the other in one act.
struct Route {
  std::string id;    // letters, digits, '_'
  std::string host;  // lower case, without a port; empty: another route has it now
  Set a, b;
  std::string live;  // "a", "b", or empty: none yet
  std::string page;  // shown instead of the live set: "empty", "asleep", or empty
  bool operator==(const Route&) const = default;
};
BOOST_DESCRIBE_STRUCT(Route, (), (id, host, a, b, live, page))

}  // namespace sluice::gateway
