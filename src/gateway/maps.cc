#include "gateway/maps.h"

#include <utility>

#include "base/digest.h"

namespace sluice::gateway {
namespace {

constexpr const char* kScaledToNone =
    "It is scaled to 0: no instance runs. It serves again when it is scaled to one or more.";

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string map_value(const Route& route) {
  if (route.live.empty()) return route.id + ".empty";
  return route.id + "." + (route.page.empty() ? route.live : route.page);
}

std::string key_prefix(const Route& route) { return route.id + ":"; }
std::string set_prefix(const Route& route) { return route.id + "."; }

Entries host_entries(const Route& route) {
  Entries out;
  for (const auto& host : route.hosts()) out[host] = map_value(route);
  return out;
}

Entries key_entries(const Route& route) {
  Entries out;
  for (const auto& key : route.keys) out[key_prefix(route) + key.digest] = key.name;
  return out;
}

Entries set_entries(const Route& route) {
  Entries out;
  for (const auto& [slot, set] : {std::pair<const char*, const Set*>{"a", &route.a}, {"b", &route.b}}) {
    const auto backend = set_prefix(route) + slot;
    const auto policy = set->rules();
    if (policy.caching && set->contents) out[backend] = *set->contents;
    if (!policy.sticky) continue;
    for (const auto& server : set->servers) {
      if (!server.index) continue;
      out[backend + "/" + std::to_string(*server.index)] = server.name;
      out[backend + ":" + server.name] = std::to_string(*server.index);
    }
  }
  if (route.page == "asleep")
    out[map_value(route)] = base64_encode(escaped(route.live_set().sentence.value_or(kScaledToNone)));
  const auto policy = route.live_set().rules();
  if (route.page == "sleeping" && policy.restricted) {
    out[map_value(route)] = base64_encode(policy.realm.empty() ? route.id : policy.realm);
  }
  return out;
}

std::string render_map(const std::vector<Route>& routes, Entries (*entries)(const Route&)) {
  std::string out;
  for (const auto& route : routes) {
    for (const auto& [key, value] : entries(route)) out += key + " " + value + "\n";
  }
  return out;
}

}  // namespace sluice::gateway
