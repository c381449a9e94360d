#pragma once
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

// How requests are let through to a set of servers. A policy belongs to the set, so that it comes with a deployment,
// is switched in the same act and rolled back with it (R7.2, R3.4).
namespace sluice::gateway {

BOOST_DEFINE_ENUM_CLASS(Endpoint, api_gateway, load_balancer)

// Answers that the gateway gives itself for a while: of GET, with status 200, at most 1 MB; never where the request has
// credentials or a cookie, or where the answer sets one or says private, no-store or no-cache. `X-Cache: HIT` or `MISS`
// says which it was. No answer outlives its deployment.
struct Caching {
  std::int64_t ttl = 60;           // seconds, 1 to 86,400; an answer's own max-age may make it less
  std::vector<std::string> paths;  // how these begin, with '/'; at most 20; empty: all
  bool operator==(const Caching&) const = default;
};
BOOST_DESCRIBE_STRUCT(Caching, (), (ttl, paths))

struct Policy {
  Endpoint endpoint = Endpoint::api_gateway;
  // Of one client address, counted for the route across deployments; above it: 429 with Retry-After.
  std::int64_t rate = 0;   // requests a second, at most 10,000; 0: no limit
  std::int64_t burst = 0;  // requests at once, `rate` to 1,000 times `rate`; 0: `rate`
  // A larger body is 413, and one without a length (chunked) 411.
  std::int64_t body_limit = 0;  // bytes; 0: no limit
  // Until the answer begins, and between two parts of it: 504. A load balancer allows 3,600, whatever is said here.
  std::int64_t time_limit = 60;  // seconds, 1 to 3,600
  std::optional<Caching> caching = std::nullopt;
  // load_balancer only: where each instance is asked for its health (any 2xx or 3xx), and whether a visitor stays with
  // the instance of one index.
  std::string health = "/";
  bool sticky = false;
  // A request needs one of the route's keys, else 401. `realm` is what the visitor is shown: "STAGE of STACK".
  bool restricted = false;
  std::string realm;
  bool operator==(const Policy&) const = default;
};
BOOST_DESCRIBE_STRUCT(Policy, (),
                      (endpoint, rate, burst, body_limit, time_limit, caching, health, sticky, restricted, realm))

// An Error (invalid) names the field. What it lets through can stand in HAProxy's files.
Result<> check(const Policy& policy);

}  // namespace sluice::gateway
