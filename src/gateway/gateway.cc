#include "gateway/gateway.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/json.hpp>
#include <system_error>
#include <thread>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/process.h"
#include "base/replace_file.h"
#include "gateway/backend.h"
#include "gateway/port.h"
#include "gateway/table.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

constexpr Duration kReloadLimit = 20s;
constexpr std::size_t kProbeLength = 32;

template <class Condition>
bool wait_for(Duration at_most, Condition condition) {
  auto until = std::chrono::steady_clock::now() + at_most;
  for (auto pause = 1ms; !condition(); pause = std::min(pause * 2, 8ms)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

// Debian keeps it where an ordinary user's PATH does not lead.
std::string haproxy() { return program_exists("haproxy") ? "haproxy" : "/usr/sbin/haproxy"; }

std::string random_text() {
  SystemRandom random;
  return random_id(random, kProbeLength);
}

int connections() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // Two descriptors a request, and some for itself.
  auto can = limit.rlim_max == RLIM_INFINITY ? 1'000'000 : static_cast<long>(limit.rlim_max);
  return static_cast<int>(std::clamp(can / 2 - 200, 100L, 20'000L));
}

int threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U)); }

bool is_word(const std::string& text, std::string_view also, std::size_t shortest, std::size_t longest) {
  return text.size() >= shortest && text.size() <= longest && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  also.find(c) != std::string_view::npos;
         });
}

bool is_lower(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_host(const std::string& text) { return is_word(text, ".-", 1, 253) && is_lower(text); }

bool is_digest(const std::string& text) {
  return is_word(text, "", 64, 64) && is_lower(text) && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<> write_if_other(const fs::path& path, const std::string& text, int mode = 0600) {
  auto there = read_file(path);
  if (there && *there == text) return {};
  return replace_file(path, text, mode);
}

}  // namespace

std::vector<std::string> Gateway::command() {
  return {haproxy(), "-W", "-S", "unix@master.sock,mode,600", "-f", "conf"};
}

Result<std::unique_ptr<Gateway>> Gateway::open(Options options) {
  if (!program_exists(haproxy())) {
    return fail(ErrorKind::failed, "haproxy is not installed: install the package haproxy and start again");
  }
  std::error_code error;
  std::unique_ptr<Gateway> gateway(new Gateway(fs::absolute(options.dir, error)));
  if (auto loaded = gateway->load(options); !loaded) return fail(loaded.error().while_("starting the gateway"));
  return gateway;
}

Result<> Gateway::load(const Options& options) {
  for (const char* folder : {"conf", "pages", "routes"}) {
    if (auto made = make_dirs(dir_ / folder, 0700); !made) return made;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir_ / "routes", error)) {
    if (entry.path().extension() != ".json") continue;
    auto text = read_file(entry.path());
    boost::json::error_code bad;
    auto value = boost::json::parse(text ? *text : "", bad);
    auto read = bad ? Result<Route>(fail(ErrorKind::failed, bad.message())) : codec::read<Route>(value);
    if (!read || read->id != entry.path().stem()) {
      // Cut short by a power failure. Whoever asked for it still knows, and asks again.
      fs::remove(entry.path(), error);
      continue;
    }
    routes_[read->id] = *read;
  }
  settings_.address = options.address;
  settings_.port = options.port;
  settings_.connections = connections();
  settings_.threads = threads();
  reloads_ = number_of(read_file(dir_ / "reloads").value_or("0"));
  auto probe = read_file(dir_ / "probe");
  settings_.probe = probe && probe->size() == kProbeLength ? *probe : random_text();
  if (!probe || *probe != settings_.probe) {
    if (auto written = write_file(dir_ / "probe", settings_.probe, 0600); !written) return written;
  }
  auto kept = read_file(dir_ / "port");
  if (options.port == 0 && kept) {
    settings_.port = static_cast<std::uint16_t>(number_of(*kept));
  }
  // Our own HAProxy may have it.
  bool ours = kept && *kept == std::to_string(settings_.port) && runtime_.generation();
  if (!ours) {
    auto free = try_port(settings_.address, settings_.port);
    if (!free) return fail(free.error());
    settings_.port = *free;
    if (auto written = write_file(dir_ / "port", std::to_string(settings_.port)); !written) return written;
  }
  settings_.generation = generation();
  return write_all();
}

// Says of a running HAProxy whether it was started or reloaded with these settings.
std::string Gateway::generation() const {
  Settings bare = settings_;
  bare.generation.clear();
  std::string all = render_main(bare);
  for (const auto& page : pages()) all += page.html;
  return std::to_string(reloads_) + "-" + sha256_hex(all).substr(0, 16);
}

std::vector<Route> Gateway::all() const {
  std::vector<Route> out;
  for (const auto& [id, route] : routes_) out.push_back(route);
  return out;
}

Result<> Gateway::write_all() {
  for (const auto& page : pages()) {
    if (auto written = write_if_other(dir_ / "pages" / page.name, page.html); !written) return written;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir_ / "conf", error)) {
    auto name = entry.path().stem().string();
    if (name != "00-main" && !routes_.contains(name)) fs::remove(entry.path(), error);
  }
  for (const auto& [id, route] : routes_) {
    if (auto written = write_backends(route); !written) return written;
  }
  if (auto written = write_maps(); !written) return written;
  return write_main();
}

Result<> Gateway::write_main() { return write_if_other(dir_ / "conf" / "00-main.cfg", render_main(settings_)); }

Result<> Gateway::write_maps() {
  const auto routes = all();
  if (auto written = write_if_other(dir_ / kHostsMap, render_map(routes, host_entries)); !written) return written;
  if (auto written = write_if_other(dir_ / kKeysMap, render_map(routes, key_entries)); !written) return written;
  return write_if_other(dir_ / kSetsMap, render_map(routes, set_entries));
}

// What HAProxy cannot be told while it runs is announced before it is written: a server that dies in between, and one
// that dies before HAProxy was reloaded, finds another generation running than the files'. A route that HAProxy has
// never read is noticed by itself.
Result<> Gateway::write_backends(const Route& route) {
  const auto path = dir_ / "conf" / (route.id + ".cfg");
  const auto text = render_route(route);
  const auto there = read_file(path);
  if (there && *there == text) return {};
  if (there && without_servers(*there) != without_servers(text)) {
    if (auto announced = next_generation(); !announced) return announced;
    due_ = true;
  }
  return replace_file(path, text, 0600);
}

// The route's own record is what the rest is made from, so it goes first.
Result<> Gateway::write(const Route& route) {
  auto text = boost::json::serialize(codec::write(route));
  if (auto written = write_if_other(dir_ / "routes" / (route.id + ".json"), text); !written) return written;
  if (auto written = write_backends(route); !written) return written;
  return write_maps();
}

Result<> Gateway::await(Duration at_most) {
  std::lock_guard lock(mutex_);
  Result<std::string> runs = fail(ErrorKind::unavailable, "");
  if (!wait_for(at_most, [&] { return (runs = runtime_.generation()).has_value(); })) {
    auto words = objections();
    return fail(ErrorKind::failed, "the gateway does not start" + (words.empty() ? "" : ": " + words));
  }
  if (*runs != settings_.generation) due_ = true;
  // The server that wrote the files may have died before it told.
  const auto routes = all();
  if (auto told = tell(routes); !told) return told;
  Entries hosts, keys, sets;
  for (const auto& route : routes) {
    hosts.merge(host_entries(route));
    keys.merge(key_entries(route));
    sets.merge(set_entries(route));
  }
  if (auto told = runtime_.follow(kHostsMap, "", hosts); !told) return told;
  if (auto told = runtime_.follow(kKeysMap, "", keys); !told) return told;
  return runtime_.follow(kSetsMap, "", sets);
}

std::string Gateway::objections() const {
  ProcessCommand check;
  check.argv = {haproxy(), "-c", "-q", "-f", "conf"};
  check.cwd = dir_.string();
  check.time_limit = kReloadLimit;
  auto said = run(check);
  return said && !said->ok() ? said->err : "";
}

Result<> Gateway::next_generation() {
  reloads_ += 1;
  if (auto written = replace_file(dir_ / "reloads", std::to_string(reloads_)); !written) return written;
  settings_.generation = generation();
  return write_main();
}

Result<> Gateway::reload() {
  if (auto asked = runtime_.reload(); !asked) return fail(asked.error());
  auto taken = [&] {
    return runtime_.generation().value_or("") == settings_.generation && runtime_.replaced().value_or(false);
  };
  if (!wait_for(kReloadLimit, taken)) {
    // The master goes on with what it had when it cannot read the new files.
    auto words = objections();
    return words.empty() ? fail(ErrorKind::unavailable, "the gateway did not take its new configuration in time")
                         : fail(ErrorKind::internal, "HAProxy refuses its configuration: " + words);
  }
  due_ = false;
  return {};
}

// Makes the running HAProxy what the files say about these routes.
Result<> Gateway::tell(const std::vector<Route>& routes) {
  if (due_) {
    if (auto reloaded = reload(); !reloaded) return reloaded;
  }
  bool known = true;
  for (const auto& route : routes) {
    auto told = runtime_.follow(route);
    if (!told && told.error().kind != ErrorKind::not_found) return told;
    known = known && told;
  }
  if (known) return {};
  if (auto announced = next_generation(); !announced) return announced;
  return reload();
}

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
    if (!is_word(key.name, "._-@", 1, 64)) {
      return fail_field("keys", "a name must be 1 to 64 letters, digits, '.', '_', '-' or '@'");
    }
    if (!is_digest(key.digest)) {
      return fail_field("keys", "the digest of " + key.name + " must be SHA-256 as 64 lower-case hex digits");
    }
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
    if (set->contents) set->contents = random_text();
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
  if (set.tag != tag) set = {tag, {}, std::nullopt, std::nullopt};
  if (policy && set.policy != policy) {
    set.policy = policy;
    set.contents.reset();
  }
  if (set.rules().caching && !set.contents) set.contents = random_text();
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
  if (up) return {};
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
  here.page = (here.live == "a" ? here.a : here.b).servers.empty() ? "asleep" : "";
  if (auto written = write(here); !written) return written;
  return tell({here});
}

Result<> Gateway::show_asleep(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = route(id);
  if (!found) return fail(found.error());
  (*found)->page = "asleep";
  if (auto written = write(**found); !written) return written;
  return tell({**found});
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
  std::lock_guard lock(mutex_);
  return runtime_.forget(id, names);
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
