#include "gateway/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/render.h"
#include "gateway/table.h"

using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
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

Result<std::map<std::string, bool>> Runtime::servers(const std::string& backend) const {
  auto said = socket_.ask("show servers state " + backend);
  if (!said) return fail(said.error());
  if (said->find("Can't find backend") != std::string::npos) return fail(ErrorKind::not_found, backend);
  std::map<std::string, bool> out;
  for (const auto& row : read_table(*said, ' ')) {
    auto name = row.find("srv_name"), runs = row.find("srv_op_state"), wanted = row.find("srv_admin_state");
    if (name == row.end() || runs == row.end() || wanted == row.end()) continue;  // it died while it answered
    out[name->second] = runs->second == "2" && wanted->second == "0";
  }
  return out;
}

Result<> Runtime::follow(const std::string& backend, const Set& set) const {
  auto there = servers(backend);
  if (!there) return fail(there.error());
  for (const auto& [name, up] : *there) {
    if (!up || set.has(name)) continue;
    if (auto told = socket_.ask("set server " + backend + "/" + name + " state drain"); !told) {
      return fail(told.error());
    }
  }
  for (const auto& server : set.servers) {
    const std::string name = backend + "/" + server.name;
    auto at = there->find(server.name);
    if (at == there->end()) {
      auto added =
          socket_.ask(fmt::format("add server {0} 127.0.0.1:{1} {2};enable health {0};set server {0} state ready", name,
                                  server.port, server_options()));
      if (!added) return fail(added.error());
      if (added->find("New server registered") == std::string::npos) {
        return fail(ErrorKind::internal, "HAProxy takes no new server: " + *added);
      }
      continue;
    }
    if (at->second) continue;
    if (auto told = socket_.ask("set server " + name + " state ready"); !told) return fail(told.error());
  }
  return {};
}

Result<> Runtime::follow(const Route& route) const {
  if (auto told = follow(route.id + ".a", route.a); !told) return told;
  if (auto told = follow(route.id + ".b", route.b); !told) return told;
  if (route.host.empty()) return {};
  auto moved = socket_.ask("set map hosts.map " + route.host + " " + map_value(route));
  if (moved && moved->find("not found") != std::string::npos) {
    moved = socket_.ask("add map hosts.map " + route.host + " " + map_value(route));
  }
  if (!moved) return fail(moved.error());
  if (!moved->empty()) return fail(ErrorKind::internal, "HAProxy does not take an address: " + *moved);
  return {};
}

Result<> Runtime::drain(const Route& route) const {
  for (const auto& [slot, set] : {std::pair<const char*, const Set*>{".a", &route.a}, {".b", &route.b}}) {
    for (const auto& server : set->servers) {
      if (auto told = socket_.ask("set server " + route.id + slot + "/" + server.name + " state drain"); !told) {
        return fail(told.error());
      }
    }
  }
  return {};
}

Result<std::set<std::string>> Runtime::hosts() const {
  auto map = socket_.ask("show map hosts.map");
  if (!map) return fail(map.error());
  std::set<std::string> out;
  for (const auto& line : read_lines(*map)) {  // reference, host, value
    auto begin = line.find(' ');
    if (begin != std::string::npos) out.insert(line.substr(begin + 1, line.find(' ', begin + 1) - begin - 1));
  }
  return out;
}

Result<> Runtime::forget_host(const std::string& host) const {
  if (auto told = socket_.ask("del map hosts.map " + host); !told) return fail(told.error());
  return {};
}

Result<std::int64_t> Runtime::in_flight(const std::string& id, const std::vector<std::string>& names) const {
  std::vector<std::string> workers{""};
  auto procs = socket_.ask_master("show proc");
  if (!procs) return fail(procs.error());
  if (auto old = procs->find("# old workers"); old != std::string::npos) {
    for (const auto& row : read_lines(procs->substr(old))) {
      if (!row.empty() && row[0] >= '0' && row[0] <= '9') workers.push_back(row.substr(0, row.find(' ')));
    }
  }
  std::int64_t count = 0;
  for (const auto& worker : workers) {
    for (const char* slot : {".a", ".b"}) {
      auto command = "show stat " + id + slot + " 4 -1";
      auto said = worker.empty() ? socket_.ask(command) : socket_.ask_master("@!" + worker + " " + command);
      if (!said && worker.empty()) return fail(said.error());
      if (!said) continue;  // it ended meanwhile
      for (const auto& row : read_table(*said, ',')) {
        auto name = row.find("svname");
        if (name == row.end() || std::find(names.begin(), names.end(), name->second) == names.end()) continue;
        for (const char* column : {"scur", "qcur"}) {
          auto at = row.find(column);
          if (at != row.end()) count += number_of(at->second);
        }
      }
    }
  }
  return count;
}

Result<> Runtime::forget(const std::string& id, const std::vector<std::string>& names) const {
  for (const char* slot : {".a", ".b"}) {
    auto there = servers(id + slot);
    if (!there) continue;
    for (const auto& name : names) {
      if (!there->contains(name)) continue;
      auto server = id + slot + "/" + name;
      if (auto told = socket_.ask("set server " + server + " state maint"); !told) return fail(told.error());
      // Refused while a connection lingers: then it stays in maintenance, takes no request, and the next reload drops
      // it.
      if (auto told = socket_.ask("del server " + server); !told) return fail(told.error());
    }
  }
  return {};
}

}  // namespace sluice::gateway
