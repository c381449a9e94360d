#include "gateway/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "gateway/maps.h"

namespace sluice::gateway {
namespace {

// Idle checks find an instance that died within three seconds; one that is down is looked at five times a second.
// A server that is added at run time has none of the defaults that one in the file has: without the pool's two it would
// be connected to anew for every request, at a third of the rate.
constexpr const char* kServerOptions =
    "check inter 2s fastinter {} downinter 200ms rise 1 fall {} pool-purge-delay 5s pool-max-conn -1";
constexpr const char* kServerLine = "    server ";
constexpr const char* kPage = "content-type \"text/html; charset=utf-8\" file pages/{} hdr Cache-Control no-store";
// Requests of the platform itself: never limited, refused or answered from the cache.
constexpr const char* kProbe = "{ var(txn.probe) -m bool }";
constexpr std::int64_t kSecond = 1'000'000;  // microseconds

std::string page(const char* name) { return fmt::format(kPage, name); }

std::int64_t burst_of(const Policy& policy) { return std::max(policy.burst, policy.rate); }

// A token bucket for each client address, as the generic cell rate algorithm (ITU-T I.371) keeps it: one number, the
// moment at which the bucket will be full again, in microseconds (modulo 2^32). A request that is let through moves it
// on by 1/rate; one that would move it further than the burst allows is refused and moves nothing. A moment further
// ahead than any can be is one long past, or the clock was set back: the bucket is full. What is not tracked has no
// bucket, and none of the rest applies to it.
std::string rate_rules(const std::string& id, const Policy& policy) {
  const auto step = kSecond / policy.rate, most = step * (burst_of(policy) - 1);
  return fmt::format(
      "    http-request track-sc0 src table {id}.clients unless {probe}\n"
      "    http-request set-var(txn.now) date(0,us)\n"
      "    http-request set-var(txn.ahead) sc0_get_gpt0,sub(txn.now),and(4294967295)\n"
      "    http-request set-var(txn.ahead) int(0) if {{ var(txn.ahead) -m int gt {past} }}\n"
      "    http-request return status 429 {page} hdr Retry-After %[var(txn.ahead),sub({most}),div({second}),add(1)]"
      " if {{ var(txn.ahead) -m int gt {most} }}\n"
      "    http-request sc-set-gpt0(0) var(txn.ahead),add({step}),add(txn.now),and(4294967295)\n",
      fmt::arg("id", id), fmt::arg("probe", kProbe), fmt::arg("most", most), fmt::arg("step", step),
      fmt::arg("past", most + step + 60 * kSecond), fmt::arg("second", kSecond), fmt::arg("page", page("busy.html")));
}

// A key is taken from the request when it opened the route, and only then: the app may have passwords of its own.
std::string access_rules(const std::string& id, const Policy& policy) {
  std::string out =
      "    http-request set-var(txn.digest) http_auth_pass,sha2(256),hex,lower\n"
      "    http-request set-var(txn.digest) http_auth_bearer,sha2(256),hex,lower"
      " unless { var(txn.digest) -m found }\n";
  auto look_up = [&](const char* variable, const char* header) {
    out += fmt::format(
        "    http-request set-var(txn.{0}) str({1}:),concat(,txn.digest),map_str({2})"
        " if {{ var(txn.digest) -m found }}\n"
        "    http-request del-header {3} if {{ var(txn.{0}) -m found }}\n",
        variable, id, kKeysMap, header);
  };
  look_up("key", "Authorization");
  out +=
      "    http-request unset-var(txn.digest)\n"
      "    http-request set-var(txn.digest) req.fhdr(X-Api-Key),sha2(256),hex,lower\n";
  look_up("api_key", "X-Api-Key");
  return out + fmt::format(
                   "    http-request set-var(txn.key) var(txn.api_key) if {{ var(txn.api_key) -m found }}\n"
                   "    http-request return status 401 {} hdr WWW-Authenticate 'Basic realm=\"{}\"'"
                   " if !{} !{{ var(txn.key) -m found }}\n"
                   "    http-request set-header X-Sluice-Key %[var(txn.key)] if {{ var(txn.key) -m found }}\n",
                   page("key.html"), policy.realm, kProbe);
}

// HAProxy cannot count a body that it passes on, so that one of unknown length is refused.
std::string body_rules(const Policy& policy) {
  return fmt::format(
      "    http-request return status 413 {} if {{ req.body_size gt {} }}\n"
      "    http-request return status 411 {} if {{ req.hdr(transfer-encoding) -m found }}\n",
      page("large.html"), policy.body_limit, page("length.html"));
}

std::string cache_name(const std::string& id, const Caching& caching) { return fmt::format("{}.{}", id, caching.ttl); }

// HAProxy's cache cannot be emptied, but its key is host and path: while it computes that, the path is led by a word
// that is changed for another, never used before, with every deployment and purge. HAProxy keeps nothing whose age it
// cannot tell, so that an answer that says nothing of it is kept with the policy's, and given without.
std::string cache_rules(const std::string& id, const std::string& backend, const Caching& caching) {
  std::string out;
  for (const auto& path : caching.paths) out += fmt::format("    acl cached_path path_beg {}\n", path);
  return out +
         fmt::format(
             "    acl cached var(txn.cached) -m bool\n"
             "    http-request set-var(txn.contents) str({backend}),map_str({map})\n"
             "    http-request set-var(txn.cached) bool(true) if {{ method GET }} {{ var(txn.contents) -m found }}"
             " !{probe} !{{ req.hdr(Authorization) -m found }} !{{ req.hdr(Cookie) -m found }}"
             " !{{ req.hdr(X-Api-Key) -m found }}{paths}\n"
             "    http-request set-var(txn.path) pathq if cached\n"
             "    http-request set-pathq /%[var(txn.contents)].%[var(txn.key)]%[var(txn.path)] if cached\n"
             "    http-request cache-use {cache} if cached\n"
             "    http-request set-pathq %[var(txn.path)] if cached\n"
             "    http-response del-header X-Sluice-Aged unless {{ res.cache_hit }}\n"
             "    http-response set-header X-Sluice-Aged 1 if cached !{{ res.hdr(Cache-Control) -m found }}"
             " !{{ res.hdr(Expires) -m found }}\n"
             "    http-response set-header Cache-Control max-age={ttl} if {{ res.hdr(X-Sluice-Aged) -m found }}\n"
             "    http-response cache-store {cache} if cached !{{ res.hdr(Set-Cookie) -m found }}\n"
             "    http-after-response del-header Cache-Control if {{ res.hdr(X-Sluice-Aged) -m found }}\n"
             "    http-after-response del-header X-Sluice-Aged\n"
             "    http-after-response set-header X-Cache HIT if cached {{ res.cache_hit }}\n"
             "    http-after-response set-header X-Cache MISS if cached !{{ res.cache_hit }}\n",
             fmt::arg("backend", backend), fmt::arg("map", kSetsMap), fmt::arg("probe", kProbe),
             fmt::arg("paths", caching.paths.empty() ? "" : " cached_path"), fmt::arg("ttl", caching.ttl),
             fmt::arg("cache", cache_name(id, caching)));
}

// HAProxy's own cookies are of no use to servers that are added while it runs.
std::string sticky_rules(const std::string& backend) {
  return fmt::format(
      "    http-request set-var(txn.index) req.cook({cookie})\n"
      "    http-request set-var(txn.chosen) str({backend}/),concat(,txn.index),map_str({map})"
      " if {{ var(txn.index) -m found }}\n"
      "    http-request replace-header Cookie '^(.*); *{cookie}=[^;]*(.*)$' '\\1\\2' if {{ var(txn.index) -m found }}\n"
      "    http-request replace-header Cookie '^{cookie}=[^;]*(; *)?(.*)$' '\\2' if {{ var(txn.index) -m found }}\n"
      "    http-request del-header Cookie if {{ req.fhdr(Cookie) -m len 0 }}\n"
      "    http-request set-var(txn.index) str() unless {{ var(txn.index) -m found }}\n"
      "    use-server %[var(txn.chosen)] if {{ var(txn.chosen) -m found }}\n"
      "    http-response set-var(txn.server) srv_name\n"
      "    http-response set-var(txn.served) str({backend}:),concat(,txn.server),map_str({map})\n"
      "    acl known_visitor var(txn.served),strcmp(txn.index) eq 0\n"
      "    http-response add-header Set-Cookie '{cookie}=%[var(txn.served)]; Path=/; HttpOnly; SameSite=Lax'"
      " if {{ var(txn.served) -m found }} !known_visitor\n"
      "    http-response add-header Cache-Control private if {{ var(txn.served) -m found }} !known_visitor\n",
      fmt::arg("cookie", kCookie), fmt::arg("backend", backend), fmt::arg("map", kSetsMap));
}

std::string balancer_rules(const std::string& host, const Policy& policy) {
  return fmt::format(
      "    balance leastconn\n"
      "    option redispatch 1\n"
      "    timeout server 1h\n"
      "    timeout check 5s\n"
      "    option httpchk\n"
      "    http-check send meth GET uri {} ver HTTP/1.1 hdr Host {} hdr User-Agent sluice-health\n"
      "    http-check expect status 200-399\n",
      policy.health, host.empty() ? "localhost" : host);
}

std::string render_set(const Route& route, const char* slot, const Set& set) {
  const auto policy = set.rules();
  const auto backend = route.id + "." + slot;
  std::string out = "backend " + backend + "\n";
  if (policy.endpoint == Endpoint::load_balancer) {
    out += balancer_rules(route.host, policy);
  } else {
    out += "    balance roundrobin\n";
    if (policy.time_limit != Policy{}.time_limit) out += fmt::format("    timeout server {}s\n", policy.time_limit);
  }
  out += "    http-request disable-l7-retry unless { method GET HEAD OPTIONS }\n";
  if (policy.rate > 0) out += rate_rules(route.id, policy);
  if (policy.restricted) out += access_rules(route.id, policy);
  if (policy.body_limit > 0) out += body_rules(policy);
  if (policy.caching) out += cache_rules(route.id, backend, *policy.caching);
  if (policy.sticky) out += sticky_rules(backend);
  for (const auto& server : set.servers) {
    out += fmt::format("{}{} 127.0.0.1:{} {}\n", kServerLine, server.name, server.port, server_options(policy));
  }
  return out;
}

// What both sets have, so that a switch between them neither empties a bucket nor fills one.
std::string render_shared(const Route& route) {
  std::string out;
  std::int64_t kept = 0;  // seconds until every bucket is full again
  std::set<std::string> caches;
  for (const Set* set : {&route.a, &route.b}) {
    const auto policy = set->rules();
    if (policy.rate > 0) kept = std::max(kept, burst_of(policy) / policy.rate + 1);
    if (!policy.caching || !caches.insert(cache_name(route.id, *policy.caching)).second) continue;
    out += fmt::format(
        "cache {}\n    total-max-size 8\n    max-object-size 1000000\n    max-age {}\n    process-vary on\n",
        cache_name(route.id, *policy.caching), policy.caching->ttl);
  }
  if (kept > 0) {
    out += fmt::format("backend {}.clients\n    stick-table type ipv6 size 50k expire {}s store gpt0\n", route.id,
                       std::max<std::int64_t>(kept, 10));
  }
  return out;
}

}  // namespace

// A process that is gone is told by the kernel at once, each time. An app that is too busy to accept, for which a check
// waits two seconds, is slow, not gone: without it nobody would be answered at all. A load balancer has others to ask.
std::string server_options(const Policy& policy) {
  const bool patient = policy.endpoint == Endpoint::api_gateway;
  return fmt::format(kServerOptions, patient ? "100ms" : "200ms", patient ? 8 : 2);
}

std::string render_route(const Route& route) {
  return "# " + route.host + "\n" + render_shared(route) + render_set(route, "a", route.a) +
         render_set(route, "b", route.b);
}

std::string without_servers(const std::string& file) {
  std::string out;
  for (std::size_t begin = 0; begin < file.size();) {
    auto end = std::min(file.find('\n', begin), file.size() - 1) + 1;
    auto line = file.substr(begin, end - begin);
    if (line[0] != '#' && line.rfind(kServerLine, 0) != 0) out += line;
    begin = end;
  }
  return out;
}

}  // namespace sluice::gateway
