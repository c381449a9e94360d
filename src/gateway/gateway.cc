#include "gateway/gateway.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/ids.h"
#include "gateway/socket.h"
#include "gateway/wait.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

constexpr auto kTriedAgain = 4s;  // HAProxy tries a server three times more, a second after each failure

// Never used before, so that nothing can have been kept under it.
std::string new_contents() {
  SystemRandom random;
  return random_id(random, 16);
}

}  // namespace

Result<Route*> Gateway::route(const std::string& id) {
  auto at = routes_.find(id);
  if (at == routes_.end()) return fail(ErrorKind::not_found, "the gateway has no route " + id);
  return &at->second;
}

// The last route that is given a host has it.
Result<> Gateway::take_hosts(const std::string& id, const std::vector<std::string>& hosts) {
  auto taken = [&](const std::string& host) { return std::find(hosts.begin(), hosts.end(), host) != hosts.end(); };
  for (auto& [other, route] : routes_) {
    if (other == id) continue;
    Route without = route;
    if (taken(without.host)) without.host.clear();
    std::erase_if(without.others, taken);
    if (without == route) continue;
    if (auto written = write(without); !written) return written;
    route = std::move(without);
  }
  return {};
}

Result<> Gateway::ensure(const std::string& id, const std::string& host) {
  std::lock_guard lock(mutex_);
  auto& here = routes_[id];
  here.id = id;
  if (here.host != host) {
    if (!here.host.empty()) gone_.push_back({{here.host}, std::nullopt});
    here.host = host;
  }
  if (auto taken = take_hosts(id, {host}); !taken) return taken;
  if (auto written = write(here); !written) return written;
  if (auto told = tell({here}); !told) return told;
  return tell_gone();
}

Result<> Gateway::set_hosts(const std::string& id, const std::vector<std::string>& hosts) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  if (!std::all_of(hosts.begin(), hosts.end(), is_host)) {
    return fail_field("hosts", "must be names of lower-case letters, digits, '-' and '.', without a port");
  }
  Route& here = **found;
  if (!here.others.empty()) gone_.push_back({here.others, std::nullopt});
  here.others = hosts;
  std::erase(here.others, here.host);
  if (auto taken = take_hosts(id, hosts); !taken) return taken;
  if (auto written = write(here); !written) return written;
  if (auto told = tell({here}); !told) return told;
  return tell_gone();
}

Result<> Gateway::set_keys(const std::string& id, const std::vector<Key>& keys) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  for (const auto& key : keys) {
    if (auto good = check(key); !good) return good;
  }
  Route& here = **found;
  here.keys = keys;
  if (auto written = write(here); !written) return written;
  if (auto told = tell({here}); !told) return told;
  return runtime_.follow(kKeysMap, key_prefix(here), key_entries(here));
}

Result<> Gateway::purge(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  Route& here = **found;
  for (Set* set : {&here.a, &here.b}) {
    if (set->contents) set->contents = new_contents();
  }
  if (auto written = write(here); !written) return written;
  return tell({here});
}

Result<> Gateway::place(const std::string& id, const std::string& tag, const std::vector<Server>& servers_,
                        Duration patience, const std::optional<Policy>& policy) {
  if (auto good = policy ? check(*policy) : Result<>{}; !good) return good;
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  Route& here = **found;
  Set& set = here.a.tag == tag ? here.a : here.b.tag == tag ? here.b : here.live == "a" ? here.b : here.a;
  if (set.tag != tag) set = Set{tag, {}};
  if (policy && set.policy != policy) {
    set.policy = policy;
    set.contents.reset();
  }
  if (set.rules().caching && !set.contents) set.contents = new_contents();
  if (!servers_.empty()) set.rest = set.sentence = std::nullopt;
  for (const auto& server : servers_) {
    if (!set.has(server.name)) set.servers.push_back(server);
  }
  if (auto written = write(here); !written) return written;
  if (auto told = tell({here}); !told) return told;
  const std::string backend = id + (&set == &here.a ? ".a" : ".b");
  Result<> problem;
  bool up = wait_for(patience, [&] {
    auto state = runtime_.servers(backend);
    if (!state) problem = fail(state.error());
    return state && std::all_of(servers_.begin(), servers_.end(), [&](const Server& s) {
             auto at = state->find(s.name);
             return at != state->end() && at->second;
           });
  });
  if (up) {
    std::vector<std::string> names;
    for (const auto& server : servers_) names.push_back(backend + "/" + server.name);
    return runtime_.trust(names);
  }
  return problem ? fail(ErrorKind::failed, "the gateway finds no instance listening: it cannot connect to them")
                 : problem;
}

Result<> Gateway::show(const std::string& id, const std::string& tag) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  Route& here = **found;
  if (here.a.tag != tag && here.b.tag != tag) return fail(ErrorKind::not_found, "the gateway has no servers of " + tag);
  here.live = here.a.tag == tag ? "a" : "b";
  here.page = here.live_set().servers.empty() ? here.live_set().rest.value_or("asleep") : "";
  if (auto written = write(here); !written) return written;
  return tell({here});
}

Result<> Gateway::show_rest(const std::string& id, const std::string& page,
                            const std::optional<std::string>& sentence) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  Route& here = **found;
  Set& set = here.live == "b" ? here.b : here.a;
  here.page = page;
  set.rest = page;
  set.sentence = sentence;
  if (auto written = write(here); !written) return written;
  return tell({here});
}

Result<> Gateway::show_asleep(const std::string& id, const std::optional<std::string>& sentence) {
  return show_rest(id, "asleep", sentence);
}

Result<> Gateway::show_sleeping(const std::string& id) { return show_rest(id, "sleeping", std::nullopt); }

Result<> Gateway::on_wanted(std::function<void(const std::string& id)> wanted) {
  on_wanted_ = std::move(wanted);
  auto listens = Wanted::listen(dir_, [this](const std::string& id) { rung(id); });
  if (!listens) return fail(listens.error());
  wanted_ = std::move(*listens);
  return {};
}

// A worker that a reload replaced may ring late.
void Gateway::rung(const std::string& id) {
  const auto route = find(id);
  if (route && route->page == "sleeping") on_wanted_(id);
}

Result<std::map<std::string, Use>> Gateway::usage() {
  auto counted = runtime_.counted();
  if (!counted) return fail(counted.error());
  return usage_.look(*counted);
}

Result<> Gateway::show_empty(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  (*found)->live.clear();
  (*found)->page.clear();
  if (auto written = write(**found); !written) return written;
  return tell({**found});
}

Result<> Gateway::withdraw(const std::string& id, const std::vector<std::string>& names) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return found.error().kind == ErrorKind::not_found ? Result<>{} : fail(found.error());
  Route& here = **found;
  for (Set* set : {&here.a, &here.b}) {
    std::erase_if(set->servers,
                  [&](const Server& s) { return std::find(names.begin(), names.end(), s.name) != names.end(); });
  }
  if (auto written = write(here); !written) return written;
  return tell({here});
}

Result<std::int64_t> Gateway::in_flight(const std::string& id, const std::vector<std::string>& names) const {
  std::lock_guard lock(mutex_);
  return runtime_.in_flight(id, names);
}

Result<> Gateway::forget(const std::string& id, const std::vector<std::string>& names) {
  std::vector<std::string> left = names;
  for (const auto until = std::chrono::steady_clock::now() + kTriedAgain;; std::this_thread::sleep_for(200ms)) {
    {
      std::lock_guard lock(mutex_);
      auto held = runtime_.forget(id, left);
      if (!held) return fail(held.error());
      left = std::move(*held);
    }
    if (left.empty() || std::chrono::steady_clock::now() > until) return {};
  }
}

Result<> Gateway::remove(const std::string& id) {
  std::lock_guard lock(mutex_);
  if (auto at = routes_.find(id); at != routes_.end()) {
    gone_.push_back({at->second.hosts(), at->second});
    routes_.erase(at);
  }
  return tell_gone();
}

// A removal can fail at any of its steps, so that all of them are taken again by whoever comes next.
Result<> Gateway::tell_gone() {
  for (; !gone_.empty(); gone_.pop_back()) {
    const Gone& gone = gone_.back();
    const bool removed = gone.removed && !routes_.contains(gone.removed->id);
    std::error_code error;
    if (removed) fs::remove(dir_ / "routes" / (gone.removed->id + ".json"), error);
    if (auto written = write_maps(); !written) return written;
    if (removed) fs::remove(dir_ / "conf" / (gone.removed->id + ".cfg"), error);
    for (const auto& host : gone.hosts) {
      // Another route may have it by now.
      auto heir = std::find_if(routes_.begin(), routes_.end(),
                               [&](const auto& entry) { return host_entries(entry.second).contains(host); });
      auto told = heir == routes_.end() ? runtime_.forget_host(host) : tell({heir->second});
      if (!told) return told;
    }
    if (!removed) continue;
    if (auto told = runtime_.drain(*gone.removed); !told) return told;
    if (auto told = runtime_.follow(kKeysMap, key_prefix(*gone.removed), {}); !told) return told;
  }
  return {};
}

std::optional<Route> Gateway::find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto at = routes_.find(id);
  return at == routes_.end() ? std::nullopt : std::optional<Route>(at->second);
}

std::string Gateway::answered_by(const std::string& host, const std::string& path) const {
  constexpr std::string_view kServer = "\r\nx-sluice-server: ";  // HAProxy writes names in lower case
  auto head = Socket(dir_).look(host, path).value_or("");
  auto at = head.find(kServer);
  if (at == std::string::npos) return {};
  at += kServer.size();
  return head.substr(at, head.find("\r\n", at) - at);
}

std::optional<std::string> Gateway::id_of(const std::string& host) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, route] : routes_) {
    if (host_entries(route).contains(host)) return id;
  }
  return std::nullopt;
}

std::vector<std::string> Gateway::ids() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [id, route] : routes_) out.push_back(id);
  return out;
}

}  // namespace sluice::gateway
