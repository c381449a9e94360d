#pragma once
#include <algorithm>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/policy.h"

// What the gateway knows of one route.
namespace sluice::gateway {

struct Server {
  std::string name;       // letters, digits, '.', '_', '-'; never used again for another port
  std::int64_t port = 0;  // on 127.0.0.1
  std::optional<std::int64_t> index = std::nullopt;  // of the instance: a visitor who is to stay is led to this one
  bool operator==(const Server&) const = default;
};
BOOST_DESCRIBE_STRUCT(Server, (), (name, port, index))

// A full set of servers: what one deployment started.
struct Set {
  std::string tag;  // whose it is; empty: nobody's
  std::vector<Server> servers;
  std::optional<Policy> policy = std::nullopt;         // empty: the default
  std::optional<std::string> contents = std::nullopt;  // of the cache: answers kept under another word are never given
  // While it has no servers: "asleep" (also where nothing is said) or "sleeping"; of the page "asleep" the sentence.
  std::optional<std::string> rest = std::nullopt, sentence = std::nullopt;
  [[nodiscard]] bool has(const std::string& name) const {
    return std::any_of(servers.begin(), servers.end(), [&](const Server& s) { return s.name == name; });
  }
  [[nodiscard]] Policy rules() const { return policy.value_or(Policy{}); }
  bool operator==(const Set&) const = default;
};
BOOST_DESCRIBE_STRUCT(Set, (), (tag, servers, policy, contents, rest, sentence))

// What opens a restricted route. The gateway never knows the key itself.
struct Key {
  std::string name;    // 1 to 64 letters, digits, '.', '_', '-', '@'; the app is told it as X-Sluice-Key
  std::string digest;  // SHA-256, 64 lower-case hex digits
  bool operator==(const Key&) const = default;
};
BOOST_DESCRIBE_STRUCT(Key, (), (name, digest))
// An Error (invalid) names `keys`.
Result<> check(const Key& key);
bool is_host(const std::string& text);  // as a route may have it

// Two sets, of which one is live. Requests move from one to the other in one act.
struct Route {
  std::string id;    // letters, digits, '_'
  std::string host;  // the main one: lower case, without a port; empty: another route has it now
  Set a, b;
  std::string live;                      // "a", "b", or empty: none yet
  std::string page;                      // instead of the live set: "empty", "asleep", "sleeping", or empty
  std::vector<std::string> others = {};  // further hosts
  std::vector<Key> keys = {};
  [[nodiscard]] const Set& live_set() const { return live == "b" ? b : a; }
  [[nodiscard]] std::vector<std::string> hosts() const {
    auto out = others;
    if (!host.empty()) out.insert(out.begin(), host);
    return out;
  }
  bool operator==(const Route&) const = default;
};
BOOST_DESCRIBE_STRUCT(Route, (), (id, host, a, b, live, page, others, keys))

}  // namespace sluice::gateway
