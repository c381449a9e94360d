#include "platform/local/instances.h"
#include "platform/local/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>
#include <thread>

#include "base/files.h"
#include "base/proc.h"
#include "logs/keeping.h"
#include "platform/local/health.h"
#include "platform/local/ports.h"
#include "platform/local/stage_database.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::platform::local {
namespace {

constexpr int kDeathsAllowed = 3;  // while starting: a dependency may be a moment late, a broken app never comes
constexpr std::size_t kShownLines = 20;
constexpr int kPortTries = 3;
constexpr auto kSupervisorNotices = 1s;

// PORT wins over whatever a person says; SLUICE_INSTANCE does not.
constexpr const char* kRunScript =
    "PORT=$1 SLUICE_INSTANCE=${SLUICE_INSTANCE-$2}; export PORT SLUICE_INSTANCE; eval \"shift 3; $3\"";

fs::path log_dir(const Site& site, const Record& record, const Instance& instance) {
  return site.logs.runtime_dir(record.stack.value, record.stage.value) /
         fmt::format("{}.{}.{}", record.change, record.attempt, instance.index);
}

Result<std::vector<supervise::Service>> services_of(const Site& site, const Record& record, const build::Plan& plan) {
  auto artifact = site.builder.find(record.artifact);
  if (!artifact) return fail(artifact.error());
  std::vector<supervise::Service> services;
  for (const auto& instance : record.instances) {
    auto spec = spec_for(*artifact, site.records.env_dir(record), instance.service,
                         record.resources.value_or(pipeline::Resources{}));
    spec.argv = {"/bin/sh", "-c", kRunScript, "sluice", std::to_string(instance.port), std::to_string(instance.index),
                 plan.run};
    spec.leads_session = true;
    spec.listens = {static_cast<int>(instance.port), static_cast<int>(instance.port)};
    supervise::Service service;
    service.name = instance.service;
    service.argv = site.sandbox.command(spec);
    service.log_dir = log_dir(site, record, instance);
    service.waits = record.database.value_or(false);
    services.push_back(std::move(service));
  }
  return services;
}

std::string with_lines(std::string sentence, const std::vector<std::string>& lines) {
  if (lines.empty()) return sentence + "; it wrote nothing";
  sentence += "\nits last lines:";  // the first line is a sentence by itself
  for (const auto& line : lines) sentence += "\n" + line;
  return sentence;
}

std::string which(const Record& record, const Instance& instance) {
  return record.instances.size() == 1 ? "the app" : fmt::format("instance {} of the app", instance.index);
}

std::set<std::int64_t> ports_of(const Site& site, const Instance& instance, bool surely = false) {
  const int pid = site.supervisor.pid(instance.service);
  if (pid == 0) return {};
  if (!surely) return listening(proc::descendants_of(pid));
  // The kernel's own list of children may miss one while another ends (proc(5)).
  std::vector<int> pids;
  for (const auto& process : proc::descendants(proc::all(), pid)) pids.push_back(process.pid);
  return listening(pids);
}

// Somebody else came to the port between our choosing it and the app's listening on it, and would pass for the app.
bool is_strangers(const Site& site, const Instance& instance) {
  return !is_free(instance.port) && !ports_of(site, instance).contains(instance.port) &&
         !ports_of(site, instance, true).contains(instance.port);
}

std::string listens_nowhere(const Site& site, const Instance& instance, const std::string& who,
                            const std::string& time) {
  const auto found = ports_of(site, instance);
  if (found.contains(instance.port)) {
    return fmt::format("{} listens on its port {}, but not on the address 127.0.0.1, which the variable HOST names",
                       who, instance.port);
  }
  if (found.empty()) {
    return fmt::format(
        "{} did not listen on port {} within {}: it must listen on the port that the variable PORT names", who,
        instance.port, time);
  }
  return fmt::format(
      "{} listens on port {}, not on port {}, which it was given as the variable PORT; it must listen on "
      "that one",
      who, fmt::join(found, " and "), instance.port);
}

std::string explain(const Site& site, const Record& record, const build::Plan& plan, const Instance& instance,
                    const Health& health, Duration waited) {
  auto who = which(record, instance);
  auto lines = last_lines(site, record, instance, kShownLines);
  auto time = human_duration(waited);
  if (!health.circle.empty()) {
    return with_lines(
        fmt::format("{} redirects GET {} in a circle ({}); a 2xx, or a 3xx that leads somewhere, says that "
                    "it is healthy",
                    who, plan.health_path, health.circle),
        lines);
  }
  if (health.status != 0) {
    return with_lines(fmt::format("{} answered GET {} with status {} for {}; a 2xx or 3xx says that it is healthy", who,
                                  plan.health_path, health.status, time),
                      lines);
  }
  if (health.connected)
    return with_lines(fmt::format("{} did not answer GET {} within {}", who, plan.health_path, time), lines);
  return with_lines(listens_nowhere(site, instance, who, time), lines);
}

// Where a limit is the cause.
std::optional<std::string> why_ended(const Site& site, const Record& record, const Instance& instance) {
  if (site.sandbox.groups() == nullptr) return std::nullopt;
  const auto seen = site.sandbox.groups()->seen(instance.service);
  const auto limits = limits_of(record);
  if (seen.ended > 0 && limits.memory > 0) return cgroup::memory_sentence(limits);
  if (seen.refused > 0) return cgroup::processes_sentence(limits);
  return std::nullopt;
}

Duration since(const Site& site, const std::optional<Time>& begin) {
  return begin ? site.clock.now() - *begin : Duration{};
}

Error stopped_error() { return {ErrorKind::cancelled, "stopped while it was under way", {}}; }

// Gives up the ports that somebody else has.
Result<> leave_taken_ports(Site& site, Record& record) {
  std::vector<std::string> services;
  std::erase_if(record.instances, [&](const Instance& instance) {
    if (!is_strangers(site, instance)) return false;
    services.push_back(instance.service);
    return true;
  });
  if (auto gone = site.supervisor.remove(services, 1ms); !gone) return gone;
  remove_groups(site, services);
  return site.records.save(record);
}

// Once. An Error of kind conflict when somebody else answered on an instance's port.
Result<> await_these(Site& site, const Record& record, const build::Plan& plan, Duration at_most, Context& context) {
  std::vector<std::int64_t> ports;
  for (const auto& instance : record.instances) ports.push_back(instance.port);
  HealthCheck check{plan.health_path, fmt::format("{}:{}", record.host, site.gateway->port()),
                    std::min(at_most, time_left(site, context)), plan.health_interval};
  std::size_t next = 0;
  auto give_up = [&](const std::vector<Health>& seen) -> std::optional<std::string> {
    // A few at a time: there may be hundreds.
    for (std::size_t asked = 0, tried = 0; tried < seen.size() && asked < 4; ++tried, next = (next + 1) % seen.size()) {
      if (seen[next].well) continue;
      ++asked;
      const auto& instance = record.instances[next];
      auto status = site.supervisor.status(instance.service);
      if (!status || status->deaths < kDeathsAllowed) continue;
      const auto lines = last_lines(site, record, instance, kShownLines);
      auto why = fmt::format("exited {} times while starting, the last time with status {}", status->deaths,
                             status->exit_code);
      if (tells_of_refused_port(lines))
        why += ": it was refused a port, and must listen on the one that the variable PORT names";
      return with_lines(fmt::format("{} {}", which(record, instance), why_ended(site, record, instance).value_or(why)),
                        lines);
    }
    return std::nullopt;
  };
  auto begin = std::chrono::steady_clock::now();
  auto looked = look(ports, check, context.stop, give_up);
  if (looked.all_well()) {
    bool ours = std::none_of(record.instances.begin(), record.instances.end(),
                             [&](const Instance& instance) { return is_strangers(site, instance); });
    return ours ? Result<>{} : fail(ErrorKind::conflict, "another program answers on the port chosen for the app");
  }
  if (looked.stopped) return fail(stopped_error());
  if (looked.given_up) return fail(ErrorKind::failed, *looked.given_up);
  auto waited = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
  for (std::size_t i = 0; i < looked.instances.size(); ++i) {
    if (looked.instances[i].well) continue;
    return fail(ErrorKind::failed, explain(site, record, plan, record.instances[i], looked.instances[i], waited));
  }
  return {};
}

}  // namespace

Result<> write_environment(Site& site, const pipeline::Work& work, const build::Plan& plan, const Context& context,
                           const fs::path& dir) {
  auto of_database = database_variables(site, work.stage, context);
  if (!of_database) return fail(of_database.error());
  auto environment = plan.environment;
  environment["HOST"] = "127.0.0.1";
  environment["SLUICE_URL"] = site.url(work.stack_name, work.stage_name);
  for (const auto& [name, value] : *of_database) environment[name] = value;
  for (const auto& [name, value] : context.environment) environment[name] = value;
  environment.erase("PORT");
  return sandbox::write_env_dir(dir, environment);
}

pipeline::Resources resources_of(const pipeline::StageConfig& config, const build::Plan& plan) {
  auto out = config.resources.value_or(pipeline::Resources{});
  if (out.memory == 0) out.memory = plan.memory;
  if (out.cpu == 0) out.cpu = std::llround(plan.cpus * 1000);
  return out;
}

sandbox::Spec spec_for(const fs::path& artifact, const fs::path& env_dir, const std::string& group,
                       const pipeline::Resources& resources) {
  sandbox::Spec spec;
  spec.binds = {{artifact / "tree", "/app", false}};
  spec.env_dir = env_dir;
  spec.tmp_limit = kTmpLimit;
  spec.group = group;
  spec.limits = {resources.memory, resources.cpu, kProcessLimit};
  return spec;
}

cgroup::Limits limits_of(const Record& record) {
  return spec_for({}, {}, {}, record.resources.value_or(pipeline::Resources{})).limits;
}

void remove_groups(const Site& site, const std::vector<std::string>& services) {
  if (site.sandbox.groups() == nullptr) return;
  for (const auto& name : services) site.sandbox.groups()->remove(name);
}

Result<> bring_up(Site& site, Record& record, const build::Plan& plan, std::int64_t count) {
  bool changed = false;
  for (std::int64_t index = 0; index < count; ++index) {
    auto at = std::find_if(record.instances.begin(), record.instances.end(),
                           [&](const Instance& one) { return one.index == index; });
    // Noted, but never started, and somebody else has the port by now.
    if (at != record.instances.end() && !site.supervisor.has(at->service) && !is_free(at->port)) {
      record.instances.erase(at);
      at = record.instances.end();
    }
    if (at != record.instances.end()) continue;
    auto port = site.take_port();
    if (!port) return fail(port.error());
    record.instances.push_back({index, *port, fmt::format("{}.{}.{}-{}", record.change, record.attempt, index, *port),
                                fmt::format("{}.{}.{}", record.deployment.value, index, *port)});
    changed = true;
  }
  if (changed) {
    std::sort(record.instances.begin(), record.instances.end(),
              [](const Instance& a, const Instance& b) { return a.index < b.index; });
    if (auto saved = site.records.save(record); !saved) return saved;
  }
  auto services = services_of(site, record, plan);
  if (!services) return fail(services.error());
  return services->empty() ? Result<>{} : site.supervisor.add(*services);
}

Result<> bring_back(Site& site, const Record& record) {
  auto plan = site.builder.plan(record.artifact);
  if (!plan) return fail(plan.error());
  auto services = services_of(site, record, *plan);
  if (!services) return fail(services.error());
  return services->empty() ? Result<>{} : site.supervisor.add(*services);
}

Result<> await_well(Site& site, const pipeline::Work& work, bool step, Record& record, const build::Plan& plan,
                    Context& context) {
  for (int tries = 0;; ++tries) {
    auto well = await_these(site, record, plan, plan.health_timeout, context);
    if (well || well.error().kind != ErrorKind::conflict || tries == kPortTries) return well;
    auto held = site.hold(work.stage);
    const auto count = static_cast<std::int64_t>(record.instances.size());
    if (auto admitted = site.admit(work, step); !admitted) return admitted;
    if (auto left = leave_taken_ports(site, record); !left) return left;
    if (auto up = bring_up(site, record, plan, count); !up) return up;
  }
}

Deaths deaths_of(const Site& site, const Record& record) {
  Deaths out;
  for (const auto& instance : record.instances) {
    if (const auto status = site.supervisor.status(instance.service)) out[instance.service] = status->deaths;
  }
  return out;
}

std::optional<std::string> ended_since(const Site& site, const Record& record, const Deaths& before) {
  const auto until = std::chrono::steady_clock::now() + kSupervisorNotices;
  for (const auto& instance : record.instances) {
    const auto known = before.find(instance.service);
    if (known == before.end()) continue;
    auto status = site.supervisor.status(instance.service);
    const auto lives = [&] {
      return !status || (status->deaths <= known->second && (status->up || !status->wanted_up));
    };
    // Its port is closed a moment before the supervisor learns that it has ended.
    while (lives() && is_free(instance.port) && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(5ms);
      status = site.supervisor.status(instance.service);
    }
    if (lives()) continue;
    const auto why = why_ended(site, record, instance);
    return with_lines(fmt::format("{} was healthy and then {}", which(record, instance),
                                  why.value_or(fmt::format("exited with status {}", status->exit_code))),
                      last_lines(site, record, instance, kShownLines));
  }
  return std::nullopt;
}

Result<> lead_away(Site& site, const pipeline::Work& work, const std::vector<Record>& victims) {
  auto route = site.gateway->find(work.stage.value);
  if (!route || route->live.empty()) return {};
  const auto& tag = (route->live == "a" ? route->a : route->b).tag;
  bool theirs = std::any_of(victims.begin(), victims.end(), [&](const Record& r) { return r.deployment.value == tag; });
  if (!theirs) return {};
  if (!work.current) return site.gateway->show_empty(work.stage.value);
  // The set that served is still there: without what is being added to it or taken away (R7.5).
  auto shown = site.gateway->show(work.stage.value, work.current->deployment.value);
  const bool is_gone = !shown && shown.error().kind == ErrorKind::not_found;
  return is_gone ? site.gateway->show_empty(work.stage.value) : shown;
}

Advance take_down(Site& site, std::vector<Record> victims, Context& context) {
  if (victims.empty()) return Done{};
  constexpr auto kBlock = 2s;
  const auto begin = std::chrono::steady_clock::now();
  auto blocked_long = [&] { return std::chrono::steady_clock::now() - begin > kBlock; };
  const auto stage = victims.front().stage;
  std::vector<std::string> servers, services;
  for (const auto& record : victims) {
    for (const auto& name : server_names(record)) servers.push_back(name);
    for (const auto& name : service_names(record)) services.push_back(name);
  }
  auto note = [&](std::optional<Time> Record::*moment) -> Result<Duration> {
    Duration longest = Duration::max();
    for (auto& record : victims) {
      // One in the future was noted before the clock was set back.
      if (!(record.*moment) || *(record.*moment) > site.clock.now()) {
        record.*moment = site.clock.now();
        if (auto saved = site.records.save(record); !saved) return fail(saved.error());
      }
      longest = std::min(longest, since(site, record.*moment));
    }
    return longest;
  };
  auto wait_while = [&](std::optional<Time> Record::*moment, Duration limit, const char* what,
                        const std::function<Result<bool>()>& busy) -> std::optional<Advance> {
    for (auto pause = 5ms;; pause = std::min(pause * 2, 100ms)) {
      auto lasts = note(moment);
      if (!lasts) return lasts.error();
      auto still = busy();
      if (!still) return still.error();
      if (!*still || *lasts >= limit) return std::nullopt;
      if (context.stop.stop_requested()) return stopped_error();
      if (blocked_long()) return NotYet{std::nullopt, what, 1s};
      std::this_thread::sleep_for(pause);
    }
  };
  if (!servers.empty()) {
    if (auto gone = site.gateway->withdraw(stage.value, servers); !gone) return gone.error();
    auto busy = [&]() -> Result<bool> {
      auto count = site.gateway->in_flight(stage.value, servers);
      if (!count) return fail(count.error());
      return *count > 0;
    };
    if (auto early = wait_while(&Record::draining, kDrainLimit, "requests are still under way", busy)) return *early;
    if (auto asked = site.supervisor.dismiss(services); !asked) return asked.error();
    auto up = [&]() -> Result<bool> { return site.supervisor.any_up(services); };
    if (auto early = wait_while(&Record::stopping, kStopGrace, "instances have not ended yet", up)) return *early;
    if (auto gone = site.supervisor.remove(services, 1ms); !gone) return gone.error();
    if (auto gone = site.gateway->forget(stage.value, servers); !gone) return gone.error();
  }
  for (const auto& record : victims) {
    if (auto killed = sandbox::kill_users_of(site.records.dir(stage, record.deployment)); !killed)
      return killed.error();
    remove_groups(site, service_names(record));
    if (auto forgotten = site.records.forget(record); !forgotten) return forgotten.error();
    site.give_back(record);
  }
  clean_runtime_logs(site, victims.front().stack, stage);
  return Done{};
}

Result<> take_some_down(Site& site, Record& record, const std::vector<Instance>& some, Context& context) {
  Record part = record;
  part.instances = some;
  const auto servers = server_names(part);
  const auto services = service_names(part);
  if (auto gone = site.gateway->withdraw(record.stage.value, servers); !gone) return gone;
  const auto until = std::chrono::steady_clock::now() + kDrainLimit;
  for (auto pause = 5ms; std::chrono::steady_clock::now() < until; pause = std::min(pause * 2, 100ms)) {
    auto count = site.gateway->in_flight(record.stage.value, servers);
    if (!count) return fail(count.error());
    if (*count == 0) break;
    if (context.stop.stop_requested()) return fail(stopped_error());
    std::this_thread::sleep_for(pause);
  }
  if (auto gone = site.supervisor.remove(services, kStopGrace); !gone) return gone;
  remove_groups(site, services);
  if (auto gone = site.gateway->forget(record.stage.value, servers); !gone) return gone;
  std::erase_if(record.instances,
                [&](const Instance& one) { return std::find(some.begin(), some.end(), one) != some.end(); });
  site.give_back(part);
  return site.records.save(record);
}

std::vector<std::string> last_lines(const Site& site, const Record& record, const Instance& instance,
                                    std::size_t count) {
  std::vector<std::string> out;
  auto lines = logs::last_logger_lines(log_dir(site, record, instance), count);
  if (!lines) return out;
  for (auto& line : lines->lines) out.push_back(std::move(line.text));
  return out;
}

void clean_runtime_logs(const Site& site, const pipeline::StackId& stack, const pipeline::StageId& stage) {
  std::set<std::string> living;
  for (const auto& record : site.records.all(stage))
    for (const auto& instance : record.instances) living.insert(log_dir(site, record, instance).filename().string());
  logs::clean_runtime(
      site.logs.runtime_dir(stack.value, stage.value), [&](const std::string& name) { return living.contains(name); },
      site.clock.now());
}

}  // namespace sluice::platform::local
