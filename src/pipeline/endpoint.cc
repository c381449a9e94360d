#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "pipeline/deciding.h"

// What stands before the instances: limits, cache, stickiness (R7.4), and the keys of a restricted stage.
namespace sluice::pipeline {
namespace {

constexpr std::int64_t kMostRate = 10'000;
constexpr std::int64_t kMostBurst = 1'000;  // times the rate
constexpr std::int64_t kMostBody = std::int64_t{1} << 40;
constexpr std::size_t kMostPaths = 20;
constexpr std::size_t kLongestPath = 200;
constexpr std::size_t kMostKeys = 100;
constexpr std::size_t kMostDomains = 20;

Result<> within(const char* field, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return {};
  return fail_field(field, fmt::format("{} is not between {} and {}", value, least, most));
}

Result<> check_limits(const TrafficLimits& limits) {
  if (auto right = within("limits.rate", limits.rate, 0, kMostRate); !right) return right;
  if (auto right = within("limits.burst", limits.burst, 0, kMostRate * kMostBurst); !right) return right;
  if (auto right = within("limits.body_bytes", limits.body_bytes, 0, kMostBody); !right) return right;
  if (auto right = within("limits.answer_seconds", limits.answer_seconds, 1, 3600); !right) return right;
  if (limits.burst > 0 && limits.rate == 0)
    return fail_field("limits.burst", "means nothing without a rate; set limits.rate, too, or leave it 0");
  if (limits.burst > 0 && limits.burst < limits.rate)
    return fail_field("limits.burst", fmt::format("{} is less than the rate, {}: nobody could reach that rate",
                                                  limits.burst, limits.rate));
  if (limits.burst > limits.rate * kMostBurst)
    return fail_field("limits.burst", fmt::format("{} is more than {} times the rate", limits.burst, kMostBurst));
  return {};
}

// They stand in the gateway's configuration as they are.
bool is_path(const std::string& path) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._~-%+@,=").find(c) != std::string_view::npos;
  };
  return !path.empty() && path.size() <= kLongestPath && path.front() == '/' &&
         std::all_of(path.begin(), path.end(), is_plain);
}

Result<> check_cache(const CacheRules& cache) {
  if (auto right = within("cache.seconds", cache.seconds, 1, 86400); !right) return right;
  if (cache.paths.size() > kMostPaths)
    return fail_field("cache.paths", fmt::format("there are more than {} of them", kMostPaths));
  for (const auto& path : cache.paths) {
    if (!is_path(path))
      return fail_field("cache.paths", fmt::format("\"{}\" must begin with / and hold at most {} of letters, digits "
                                                   "and /._~-%+@,=",
                                                   path.substr(0, 100), kLongestPath));
  }
  return {};
}

bool is_domain(const std::string& name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  std::size_t labels = 0;
  for (std::size_t from = 0; from <= name.size(); ++labels) {
    const auto dot = std::min(name.find('.', from), name.size());
    const auto label = std::string_view(name).substr(from, dot - from);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(), is_plain))
      return false;
    from = dot + 1;
  }
  return labels > 1 && name.size() <= 253;
}

// It stands in the gateway's files.
bool is_key_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_plain);
}

}  // namespace

Result<> check_endpoint(const StageConfig& config) {
  const bool is_gateway = config.endpoint == Endpoint::api_gateway;
  if (config.caching && !is_gateway)
    return fail_field("caching", "only the endpoint api_gateway caches; choose it, or leave caching off");
  if (config.cache && !config.caching)
    return fail_field("cache", "caching is off; turn it on, or leave the cache's settings out");
  if (config.limits && !is_gateway)
    return fail_field("limits", "only the endpoint api_gateway has limits; choose it, or set them back to none");
  if (config.sticky.value_or(false) && is_gateway)
    return fail_field("sticky", "only the endpoint load_balancer is sticky; choose it, or leave it off");
  if (config.limits) {
    if (auto right = check_limits(*config.limits); !right) return right;
  }
  return config.cache ? check_cache(*config.cache) : Result<>{};
}

Result<> check_domains(const Stack& stack, const StageId& stage, const StageConfig& config) {
  if (!config.domains) return {};
  if (config.domains->size() > kMostDomains)
    return fail_field("domains", fmt::format("there are more than {} of them", kMostDomains));
  std::set<std::string> seen;
  for (const auto& name : *config.domains) {
    if (!is_domain(name))
      return fail_field("domains",
                        fmt::format("\"{}\" must be a name like shop.example.org, in lower case", name.substr(0, 100)));
    if (name.ends_with(".localhost"))
      return fail_field("domains", fmt::format("{} is an address that stages have by themselves", name));
    if (!seen.insert(name).second) return fail_field("domains", fmt::format("{} is there twice", name));
  }
  for (const auto* stages : {&stack.stages, &stack.leaving}) {
    for (const Stage& other : *stages) {
      if (other.id == stage || !other.config.domains) continue;
      for (const auto& name : *other.config.domains)
        if (seen.contains(name))
          return fail_field("domains",
                            fmt::format("{} is an address of {}; take it away there first", name, other.name));
    }
  }
  return {};
}

Result<> on(Deciding& d, const AddKey& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (!is_key_name(c.name))
    return fail_field(
        "name", fmt::format("\"{}\" must be 1 to 64 of a-z, A-Z, 0-9, \".\", \"_\" and \"-\"", c.name.substr(0, 100)));
  const auto has_name = [&](const AccessKey& key) { return key.name == c.name; };
  if (std::any_of(at->keys.begin(), at->keys.end(), has_name)) {
    return fail(
        Error{ErrorKind::conflict,
              fmt::format("{} has a key called {} already; revoke it first, or choose another name", c.stage, c.name),
              {{"name", "is taken"}}});
  }
  if (at->keys.size() >= kMostKeys) {
    return fail(ErrorKind::conflict,
                fmt::format("{} has {} keys, which is the most a stage can have; revoke one", c.stage, kMostKeys));
  }
  d.emit(KeyAdded{at->id, c.name, c.digest});
  return {};
}

Result<> on(Deciding& d, const RevokeKey& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  const auto has_name = [&](const AccessKey& key) { return key.name == c.name; };
  if (std::none_of(at->keys.begin(), at->keys.end(), has_name))
    return fail(ErrorKind::not_found, fmt::format("{} has no key called {}", c.stage, c.name));
  d.emit(KeyRevoked{at->id, c.name});
  return {};
}

Result<> on(Deciding& d, const PurgeCache& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (!at->config.caching)
    return fail(ErrorKind::conflict, fmt::format("caching is off in {}: there is nothing to purge", c.stage));
  d.emit(CachePurged{at->id});
  return {};
}

Result<> on(Deciding& d, const NoteCertificate& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  const auto domains = at->config.domains.value_or(std::vector<std::string>{});
  if (std::find(domains.begin(), domains.end(), c.domain) == domains.end())
    return fail(ErrorKind::not_found, fmt::format("{} is no domain of {}", c.domain, c.stage));
  d.emit(CertificateNoted{at->id, c.domain, c.fate});
  return {};
}

}  // namespace sluice::pipeline
