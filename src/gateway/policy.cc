#include "gateway/policy.h"

#include <algorithm>
#include <string_view>

namespace sluice::gateway {
namespace {

constexpr std::int64_t kMostRate = 10'000, kMostBurstPerRate = 1'000, kMostBytes = 1'000'000'000'000;
constexpr std::size_t kMostPaths = 20, kLongest = 200;

bool all_of(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

bool is_path(const std::string& text) {
  return !text.empty() && text[0] == '/' && text.size() <= kLongest && all_of(text, "/-._~%+@:,=!&?;*");
}

Result<> check_caching(const Caching& caching) {
  if (caching.ttl < 1 || caching.ttl > 86'400) return fail_field("caching.ttl", "must be 1 to 86400 seconds");
  if (caching.paths.size() > kMostPaths) return fail_field("caching.paths", "may be 20 at most");
  for (const auto& path : caching.paths) {
    if (!is_path(path)) {
      return fail_field("caching.paths", "must each begin with / and be a path of at most 200 characters");
    }
  }
  return {};
}

}  // namespace

Result<> check(const Policy& policy) {
  if (policy.endpoint == Endpoint::load_balancer) {
    const char* with = "is of an api_gateway only: choose that endpoint, or leave it out";
    if (policy.rate != 0) return fail_field("rate", with);
    if (policy.body_limit != 0) return fail_field("body_limit", with);
    if (policy.caching) return fail_field("caching", with);
  } else if (policy.sticky) {
    return fail_field("sticky", "is of a load_balancer only: choose that endpoint, or leave it out");
  }
  if (policy.rate < 0 || policy.rate > kMostRate) return fail_field("rate", "must be 0 to 10000 requests a second");
  if (policy.burst != 0 && (policy.burst < policy.rate || policy.burst > policy.rate * kMostBurstPerRate)) {
    return fail_field("burst", policy.rate == 0 ? "needs a rate" : "must be rate to 1000 times rate");
  }
  if (policy.body_limit < 0 || policy.body_limit > kMostBytes) {
    return fail_field("body_limit", "must be 0 to 1000000000000 bytes");
  }
  if (policy.time_limit < 1 || policy.time_limit > 3'600) {
    return fail_field("time_limit", "must be 1 to 3600 seconds");
  }
  if (!is_path(policy.health)) {
    return fail_field("health", "must begin with / and be a path of at most 200 characters");
  }
  if (policy.realm.size() > kLongest || !all_of(policy.realm, " -._")) {
    return fail_field("realm", "may have letters, digits, spaces, '-', '.' and '_'");
  }
  return policy.caching ? check_caching(*policy.caching) : Result<>{};
}

}  // namespace sluice::gateway
