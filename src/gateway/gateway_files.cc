#include <sys/resource.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <system_error>
#include <thread>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/replace_file.h"
#include "gateway/backend.h"
#include "gateway/gateway.h"
#include "gateway/port.h"
#include "gateway/table.h"
#include "gateway/wait.h"

// How the gateway starts, and how its files and the running HAProxy are kept the same.
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

constexpr Duration kReloadLimit = 20s;

// Debian keeps it where an ordinary user's PATH does not lead.
std::string haproxy() { return program_exists("haproxy") ? "haproxy" : "/usr/sbin/haproxy"; }

int connections() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // Two descriptors a request, and some for itself.
  auto can = limit.rlim_max == RLIM_INFINITY ? 1'000'000 : static_cast<long>(limit.rlim_max);
  return static_cast<int>(std::clamp(can / 2 - 200, 100L, 20'000L));
}

int threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U)); }

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
  settings_.connections = connections();
  settings_.held_for = std::chrono::duration_cast<std::chrono::seconds>(options.held_for).count();
  settings_.unheard_for = std::chrono::duration_cast<std::chrono::seconds>(options.unheard_for).count();
  settings_.threads = threads();
  fs::remove(dir_ / "probe", error);  // a secret of earlier versions
  reloads_ = number_of(read_file(dir_ / "reloads").value_or("0"));
  if (auto taken = take_port("port", options.port, settings_.port); !taken) return taken;
  if (options.tls_port) {
    if (auto taken = take_port("tls-port", *options.tls_port, settings_.tls_port); !taken) return taken;
  }
  if (auto loaded = load_certificates(); !loaded) return loaded;
  settings_.generation = generation();
  return write_all();
}

// The one asked for, or that of the last start where any will do; `file` keeps it.
Result<> Gateway::take_port(const char* file, std::uint16_t wanted, std::uint16_t& port) {
  const auto kept = read_file(dir_ / file);
  port = wanted == 0 && kept ? static_cast<std::uint16_t>(number_of(*kept)) : wanted;
  // Our own HAProxy may have it.
  if (kept && *kept == std::to_string(port) && runtime_.generation()) return {};
  auto free = try_port(settings_.address, port);
  if (!free) return fail(free.error());
  port = *free;
  return write_file(dir_ / file, std::to_string(port));
}

// Says of a running HAProxy whether it was started or reloaded with these settings.
std::string Gateway::generation() const {
  Settings bare = settings_;
  bare.generation.clear();
  std::string all = render_main(bare) + render_hold(bare);
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
  if (auto written = write_if_other(dir_ / "hold.lua", render_hold(settings_)); !written) return written;
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
  if (auto told = tell_certificates(); !told) return told;
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
  const auto up = runtime_.up();
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
  // The new worker would take out what was well at the first check that fails. That is no reason to fail.
  if (up) (void)runtime_.trust(*up);
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

}  // namespace sluice::gateway
