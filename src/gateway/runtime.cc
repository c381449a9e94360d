#include "gateway/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "gateway/backend.h"
#include "gateway/render.h"
#include "gateway/table.h"

using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

std::array<std::pair<std::string, const Set*>, 2> backends(const Route& route) {
  return {{{route.id + ".a", &route.a}, {route.id + ".b", &route.b}}};
}

// HAProxy takes a line of 16 KiB.
constexpr std::size_t kOrdersAtOnce = 50;

// By a row of its table of servers; false where it died while it answered.
bool is_up(const std::map<std::string, std::string>& row) {
  const auto runs = row.find("srv_op_state"), wanted = row.find("srv_admin_state");
  return runs != row.end() && wanted != row.end() && runs->second == "2" && wanted->second == "0";
}

std::int64_t number_in(const std::map<std::string, std::string>& row, const char* column) {
  const auto at = row.find(column);
  return at == row.end() ? 0 : number_of(at->second);
}

// The state of a request's connection to a server, in HAProxy's list of requests (SC_ST_EST and SC_ST_CLO).
constexpr std::int64_t kEstablished = 8, kClosed = 10;

std::string word_after(const std::string& line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string::npos) return {};
  return line.substr(at + key.size(), line.find(' ', at + key.size()) - at - key.size());
}

using Ask = std::function<Result<std::string>(const std::string& order)>;

// The requests that servers of a backend have, or may get by another try, in one worker. One whose connection failed
// waits up to a second for the next try, and counts at no server meanwhile, only at its backend. A worker that a reload
// replaced knows nothing of what was withdrawn since: there it may be tried at any server.
Result<std::int64_t> under_way(const Ask& ask, const std::string& backend, const std::vector<std::string>& names,
                               bool is_replaced) {
  const auto is_theirs = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto statistics = ask("show stat " + backend + " 6 -1");  // of its servers and of itself
  if (!statistics) return fail(statistics.error());
  if (statistics->empty()) return fail(ErrorKind::unavailable, "the gateway ended while it was asked");
  bool has_them = false;
  std::int64_t all = 0, everybodys = 0, theirs = 0, listed = 0;
  for (const auto& row : read_table(*statistics, ',')) {
    const auto name = row.find("svname");
    if (name == row.end()) continue;
    const auto here = number_in(row, "scur");
    (name->second == "BACKEND" ? all : everybodys) += here;
    if (!is_theirs(name->second)) continue;
    has_them = true;
    theirs += here + number_in(row, "qcur");
  }
  if (!has_them || all <= everybodys) return theirs;
  const auto requests = ask("show sess");
  if (!requests) return fail(requests.error());
  for (const auto& line : read_lines(*requests)) {
    if (word_after(line, " be=") != backend) continue;
    const auto state = number_of(word_after(line, " scb=["));
    if ((state < kClosed && is_theirs(word_after(line, " srv="))) || (state < kEstablished && is_replaced)) ++listed;
  }
  return std::max(theirs, listed);
}

}  // namespace

Result<std::string> Runtime::generation() const {
  auto info = socket_.ask("show info", 0ms);
  if (!info) return fail(info.error());
  const std::string key = "\ndescription: sluice ";
  auto at = info->find(key);
  if (at == std::string::npos) return std::string();
  at += key.size();
  return info->substr(at, info->find('\n', at) - at);
}

Result<> Runtime::reload() const {
  if (auto asked = socket_.ask_master("reload"); !asked) return fail(asked.error());
  return {};
}

Result<std::vector<std::string>> Runtime::old_workers() const {
  auto processes = socket_.ask_master("show proc");
  if (!processes) return fail(processes.error());
  std::vector<std::string> out;
  auto old = processes->find("# old workers");
  if (old == std::string::npos) return out;
  for (const auto& row : read_lines(processes->substr(old))) {
    if (!row.empty() && row[0] >= '0' && row[0] <= '9') out.push_back(row.substr(0, row.find(' ')));
  }
  return out;
}

Result<bool> Runtime::replaced() const {
  auto old = old_workers();
  if (!old) return fail(old.error());
  for (const auto& worker : *old) {
    auto info = socket_.ask_master("@!" + worker + " show info");
    if (info && info->find("\nStopping: 0") != std::string::npos) return false;
  }
  return true;
}

Result<std::map<std::string, bool>> Runtime::servers(const std::string& backend) const {
  auto said = socket_.ask("show servers state " + backend);
  if (!said) return fail(said.error());
  if (said->find("Can't find backend") != std::string::npos) return fail(ErrorKind::not_found, backend);
  std::map<std::string, bool> out;
  for (const auto& row : read_table(*said, ' ')) {
    auto name = row.find("srv_name");
    if (name == row.end() || !row.contains("srv_admin_state")) continue;  // it died while it answered
    out[name->second] = is_up(row);
  }
  return out;
}

Result<std::vector<std::string>> Runtime::up() const {
  auto said = socket_.ask("show servers state", 0ms);
  if (!said) return fail(said.error());
  std::vector<std::string> out;
  for (const auto& row : read_table(*said, ' ')) {
    if (is_up(row)) out.push_back(row.at("be_name") + "/" + row.at("srv_name"));
  }
  return out;
}

Result<> Runtime::trust(const std::vector<std::string>& servers) const {
  std::string orders;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    orders += "set server " + servers[i] + " health up;";
    if ((i + 1) % kOrdersAtOnce != 0 && i + 1 < servers.size()) continue;
    if (auto told = socket_.ask(std::exchange(orders, {})); !told) return fail(told.error());
  }
  return {};
}

// First nobody is led to what was there before, then the cache gets another word for its contents, then come the new
// servers: so nothing old is ever kept under the new word.
Result<> Runtime::follow(const Route& route) const {
  std::vector<std::map<std::string, bool>> there;
  for (const auto& [backend, set] : backends(route)) {
    auto known = servers(backend);
    if (!known) return fail(known.error());
    for (const auto& [name, up] : *known) {
      if (!up || set->has(name)) continue;
      if (auto told = socket_.ask("set server " + backend + "/" + name + " state drain"); !told) {
        return fail(told.error());
      }
    }
    there.push_back(std::move(*known));
  }
  auto looked_up = [](const Set& set) { return set.rules().caching || set.rules().sticky; };
  if (looked_up(route.a) || looked_up(route.b) || !route.page.empty()) {
    if (auto told = follow(kSetsMap, set_prefix(route), set_entries(route)); !told) return told;
  }
  auto known = there.begin();
  for (const auto& [backend, set] : backends(route)) {
    for (const auto& server : set->servers) {
      const std::string name = backend + "/" + server.name;
      auto at = known->find(server.name);
      if (at == known->end()) {
        auto added =
            socket_.ask(fmt::format("add server {0} 127.0.0.1:{1} {2};enable health {0};"
                                    "set server {0} state ready",
                                    name, server.port, server_options(set->rules())));
        if (!added) return fail(added.error());
        if (added->find("New server registered") == std::string::npos) {
          return fail(ErrorKind::internal, "HAProxy takes no new server: " + *added);
        }
        continue;
      }
      if (at->second) continue;
      if (auto told = socket_.ask("set server " + name + " state ready"); !told) return fail(told.error());
    }
    ++known;
  }
  for (const auto& [host, value] : host_entries(route)) {
    auto moved = socket_.ask(fmt::format("set map {} {} {}", kHostsMap, host, value));
    if (moved && moved->find("not found") != std::string::npos) {
      moved = socket_.ask(fmt::format("add map {} {} {}", kHostsMap, host, value));
    }
    if (!moved) return fail(moved.error());
    if (!moved->empty()) return fail(ErrorKind::internal, "HAProxy does not take an address: " + *moved);
  }
  return {};
}

Result<> Runtime::follow(const std::string& map, const std::string& prefix, const Entries& wanted) const {
  auto said = socket_.ask("show map " + map);
  if (!said) return fail(said.error());
  if (said->find("Unknown map identifier") != std::string::npos) return {};  // no route's file looks anything up in it
  Entries missing = wanted;
  std::vector<std::string> orders;
  for (const auto& line : read_lines(*said)) {  // reference, key, value
    auto key_at = line.find(' ') + 1, value_at = line.find(' ', key_at) + 1;
    if (key_at == 0 || value_at == 0 || line.compare(key_at, prefix.size(), prefix) != 0) continue;
    auto key = line.substr(key_at, value_at - key_at - 1);
    missing.erase(key);
    auto want = wanted.find(key);
    if (want == wanted.end()) {
      orders.push_back("del map " + map + " " + key);
    } else if (want->second != line.substr(value_at)) {
      orders.push_back("set map " + map + " " + key + " " + want->second);
    }
  }
  for (const auto& [key, value] : missing) orders.push_back("add map " + map + " " + key + " " + value);
  for (const auto& order : orders) {
    auto told = socket_.ask(order);
    if (!told) return fail(told.error());
    if (!told->empty()) return fail(ErrorKind::internal, "HAProxy does not take '" + order + "': " + *told);
  }
  return {};
}

Result<> Runtime::set_certificate(const std::string& file, const std::string& pem) const {
  auto has_line = [&](const std::string& text) { return ("\n" + text + "\n").find("\n" + file + "\n") != text.npos; };
  auto there = socket_.ask("show ssl cert");
  if (!there) return fail(there.error());
  if (!has_line(*there)) {
    if (auto made = socket_.ask("new ssl cert " + file); !made) return fail(made.error());
  }
  (void)socket_.ask("abort ssl cert " + file);  // what a server that died left half done
  if (auto set = socket_.ask("set ssl cert " + file + " <<\n" + pem); !set) return fail(set.error());
  auto committed = socket_.ask("commit ssl cert " + file);
  if (!committed) return fail(committed.error());
  if (committed->find("Success") == std::string::npos) {
    return fail(ErrorKind::internal, "HAProxy takes no certificate: " + *committed);
  }
  auto listed = socket_.ask(std::string("show ssl crt-list ") + kCertificates);
  if (!listed) return fail(listed.error());
  if (has_line(*listed)) return {};
  auto added = socket_.ask(std::string("add ssl crt-list ") + kCertificates + " " + file);
  if (!added) return fail(added.error());
  if (added->find("Success") != std::string::npos) return {};
  return fail(ErrorKind::internal, "HAProxy does not use a certificate: " + *added);
}

Result<> Runtime::remove_certificate(const std::string& file) const {
  for (const auto& order : {std::string("del ssl crt-list ") + kCertificates + " " + file, "del ssl cert " + file}) {
    if (auto told = socket_.ask(order); !told) return fail(told.error());
  }
  return {};
}

Result<> Runtime::drain(const Route& route) const {
  for (const auto& [backend, set] : backends(route)) {
    for (const auto& server : set->servers) {
      auto told = socket_.ask("set server " + backend + "/" + server.name + " state drain");
      if (!told) return fail(told.error());
    }
  }
  return {};
}

Result<> Runtime::forget_host(const std::string& host) const {
  auto told = socket_.ask(std::string("del map ") + kHostsMap + " " + host);
  return told ? Result<>{} : fail(told.error());
}

Result<std::int64_t> Runtime::in_flight(const std::string& id, const std::vector<std::string>& names) const {
  auto old = old_workers();
  if (!old) return fail(old.error());
  std::int64_t count = 0;
  auto add = [&](const Result<std::int64_t>& more) {
    count += more.value_or(0);
    return more ? Result<>{} : fail(more.error());
  };
  for (const char* slot : {".a", ".b"}) {
    const auto backend = id + slot;
    const auto live = [&](const std::string& order) { return socket_.ask(order); };
    if (auto added = add(under_way(live, backend, names, false)); !added) return fail(added.error());
    for (const auto& worker : *old) {  // of one that ended meanwhile the master says so, and nothing is counted
      const auto replaced = [&](const std::string& order) { return socket_.ask_master("@!" + worker + " " + order); };
      if (auto added = add(under_way(replaced, backend, names, true)); !added) return fail(added.error());
    }
  }
  return count;
}

Result<std::map<std::string, Counted>> Runtime::counted() const {
  auto old = old_workers();
  if (!old) return fail(old.error());
  const std::string command = "show stat -1 2 -1";  // of every proxy, its backend
  auto said = socket_.ask(command);
  if (!said) return fail(said.error());
  auto out = read_counted(*said);
  for (const auto& worker : *old) {
    auto more = socket_.ask_master("@!" + worker + " " + command);
    if (!more) continue;  // it ended meanwhile
    for (const auto& [backend, there] : read_counted(*more)) out[backend].open += there.open;
  }
  return out;
}

Result<std::vector<std::string>> Runtime::forget(const std::string& id, const std::vector<std::string>& names) const {
  std::vector<std::string> held;
  std::vector<std::pair<std::string, std::string>> to_delete;  // backend, server
  for (const char* slot : {".a", ".b"}) {
    auto there = servers(id + slot);
    if (!there) continue;
    for (const auto& name : names) {
      if (!there->contains(name)) continue;
      auto server = id + slot + "/" + name;
      if (auto told = socket_.ask("set server " + server + " state maint"); !told) return fail(told.error());
      to_delete.emplace_back(id + slot, name);
    }
  }
  if (to_delete.empty()) return held;
  auto requests = socket_.ask("show sess");
  if (!requests) return fail(requests.error());
  for (const auto& [backend, name] : to_delete) {
    if (requests->find(fmt::format(" be={} srv={} ", backend, name)) != std::string::npos) {
      held.push_back(name);
      continue;
    }
    // Refused while a connection lingers: then it stays in maintenance, takes no request, and the next reload drops it.
    if (auto told = socket_.ask("del server " + backend + "/" + name); !told) return fail(told.error());
  }
  return held;
}

}  // namespace sluice::gateway
