#include "platform/local/steps.h"
#include "platform/local/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/files.h"
#include "base/process.h"
#include "base/size.h"
#include "platform/local/health.h"
#include "platform/local/instances.h"
#include "platform/local/stage_database.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::Work;

constexpr Duration kCommandGrace = 10s;     // between SIGTERM and SIGKILL of a release or verify command
constexpr Duration kSwitchLookLimit = 30s;  // for the first answer of the new version through the gateway

std::string plural(std::int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Keeps about the last 8 KiB. Whole lines only: a piece of one could hold a piece of a secret, which nothing would
// recognise.
void shorten(std::string& tail) {
  if (tail.size() <= 16384) return;
  auto end = tail.find('\n', tail.size() - 8192);
  tail.erase(0, end == std::string::npos ? tail.size() : end + 1);
}

Result<std::pair<build::Plan, std::filesystem::path>> artifact_of(Site& site, const Work& work) {
  auto path = site.builder.find(work.deployment.artifact);
  if (!path) {
    return fail(path.error().kind == ErrorKind::not_found ? Error{ErrorKind::failed,
                                                                  "the artifact " + work.deployment.artifact +
                                                                      " is no longer kept: deploy again with --rebuild",
                                                                  {}}
                                                          : path.error());
  }
  auto plan = site.builder.plan(work.deployment.artifact);
  if (!plan) return fail(plan.error());
  return std::pair(std::move(*plan), std::move(*path));
}

Record new_record(const Work& work) {
  Record record;
  record.deployment = work.deployment.id;
  record.attempt = work.attempt;
  record.change = work.deployment.change.number;
  record.artifact = work.deployment.artifact;
  record.stack = work.stack;
  record.stage = work.stage;
  record.host = host_of(work.stack_name, work.stage_name);
  return record;
}

Result<Record> record_of(Site& site, const Work& work) {
  auto there = site.records.load(work.stage, work.deployment.id);
  if (there || there.error().kind != ErrorKind::not_found) return there;
  auto record = new_record(work);
  if (auto saved = site.records.save(record); !saved) return fail(saved.error());
  return record;
}

// A command of the app in its sandbox, its output into the step's log. A run of the same that a crash of the server
// left behind is dead before this one begins (R9.1).
Result<> run_command(Site& site, const Work& work, Context& context, const std::string& name,
                     const std::string& command, const build::Plan& plan, const std::filesystem::path& artifact,
                     const std::map<std::string, std::string>& more) {
  auto env_dir = site.records.dir(work.stage, work.deployment.id) / name;
  std::error_code error;
  if (std::filesystem::exists(env_dir, error)) {
    if (auto killed = sandbox::kill_users_of(env_dir); !killed) return killed;
  }
  auto environment = context;
  for (const auto& [key, value] : more) environment.environment[key] = value;
  if (auto written = write_environment(site, work, plan, environment, env_dir); !written) return written;
  const auto group = fmt::format("{}.{}", work.deployment.id.value, name);
  auto spec = spec_for(artifact, env_dir, group, resources_of(context.config, plan));
  const auto* groups = site.sandbox.groups();
  // A run that a crash of the server left behind may have left its group, too, with what ended in it.
  const auto before = groups != nullptr ? groups->seen(group).ended : 0;
  spec.argv = {"/bin/sh", "-c", command};
  spec.listens = sandbox::kCommandPorts;
  ProcessCommand process;
  process.argv = site.sandbox.command(spec);
  const char* path = ::getenv("PATH");
  process.env = std::map<std::string, std::string>{{"PATH", path ? path : sandbox::kPath}};
  process.stop = context.stop;
  process.grace = kCommandGrace;
  const auto& told = name == "release" ? plan.release_timeout : plan.verify_timeout;
  process.time_limit = std::min(told.value_or(build::kCommandTimeout), time_left(site, context));
  std::string tail;
  process.on_output = [&](std::string_view text) {
    context.log.write(text);
    tail.append(text);
    shorten(tail);
  };
  auto limit = human_duration(*process.time_limit);
  auto finished = run(process);
  if (!finished) return fail(finished.error());
  if (finished->stopped || finished->timed_out) (void)sandbox::kill_users_of(env_dir);
  (void)remove_tree(env_dir);
  const auto seen = groups != nullptr ? groups->seen(group) : cgroup::Seen{};
  if (groups != nullptr) groups->remove(group);
  if (finished->ok()) return {};
  if (finished->stopped) return fail(ErrorKind::cancelled, "the " + name + " command was stopped");
  std::string sentence = finished->timed_out
                             ? fmt::format(
                                   "the {0} command was ended after its limit of {1}; [limits] {0}_timeout in "
                                   "sluice.toml sets another",
                                   name, limit)
                             : fmt::format("the {} command ended with status {}", name, finished->exit_code);
  if (!finished->timed_out && seen.ended > before && spec.limits.memory > 0)
    sentence = fmt::format("the {} command {}", name, cgroup::memory_sentence(spec.limits));
  std::vector<std::string> lines;
  while (!tail.empty() && tail.back() == '\n') tail.pop_back();
  for (std::size_t end = tail.size(); end > 0 && lines.size() < 20;) {
    auto begin = tail.rfind('\n', end - 1);
    lines.push_back(
        tail.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin == std::string::npos ? 0 : begin + 1)));
    end = begin == std::string::npos ? 0 : begin;
  }
  if (!lines.empty()) sentence += "\nits last lines:";  // the first line is a sentence by itself
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) sentence += "\n" + *it;
  return fail(ErrorKind::failed, sentence);
}

// Also that they are not held: never in silence.
void say_limits(const Site& site, Context& context, const pipeline::Resources& resources) {
  const auto* groups = site.sandbox.groups();
  const auto say = [&](const std::string& limit, bool held) {
    context.log.line(
        held ? "each may use " + limit
             : fmt::format("note: the limit of {} is not held on this machine; `sluice doctor` says why", limit));
  };
  if (resources.memory > 0)
    say(size_text(resources.memory) + " of memory", groups != nullptr && groups->holds_memory());
  if (resources.cpu > 0)
    say(fmt::format("{} {} of the processor", static_cast<double>(resources.cpu) / 1000,
                    resources.cpu == 1000 ? "core" : "cores"),
        groups != nullptr && groups->holds_cpu());
}

// `count` healthy instances of this deployment, under the fence.
Result<Record> run_instances(Site& site, const Work& work, Context& context, const build::Plan& plan) {
  Record record;
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, true); !admitted) return fail(admitted.error());
    auto there = record_of(site, work);
    if (!there) return there;
    record = *there;
    std::error_code error;
    if (record.instances.empty() ||
        !std::filesystem::exists(site.records.env_dir(record) / sandbox::kEnvironment, error)) {
      auto written = write_environment(site, work, plan, context, site.records.env_dir(record));
      if (!written) return fail(written.error());
    }
    const auto policy = policy_of(context.config, plan, work.stack_name, work.stage_name);
    const auto resources = resources_of(context.config, plan);
    if (record.policy != policy || record.resources != resources) {
      record.policy = policy;
      record.resources = resources;
      if (auto saved = site.records.save(record); !saved) return fail(saved.error());
    }
    if (auto up = bring_up(site, record, plan, work.instances); !up) return fail(up.error());
  }
  auto begin = std::chrono::steady_clock::now();
  auto well = await_well(site, work, true, record, plan, context);
  if (!well && well.error().kind != ErrorKind::cancelled) {
    // Nothing of a failed start goes on trying; what is left of it is taken away with the attempt.
    (void)site.supervisor.dismiss(service_names(record));
  }
  if (!well) return fail(well.error());
  site.saw_well(work.deployment.id);
  auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
  if (!record.instances.empty() && took > 20ms) {
    context.log.line(fmt::format("{} healthy after {}",
                                 plural(static_cast<std::int64_t>(record.instances.size()), "instance"),
                                 human_duration(took)));
  }
  return record;
}

// A request through the gateway is answered by one of these.
Result<> see_answer(Site& site, Context& context, const Record& record, const build::Plan& plan,
                    const std::vector<gateway::Server>& servers, const Deaths& before) {
  const auto until = std::chrono::steady_clock::now() + kSwitchLookLimit;
  std::string by;
  while (std::chrono::steady_clock::now() < until && !context.stop.stop_requested()) {
    by = site.gateway->answered_by(record.host, plan.health_path);
    auto name = by.substr(std::min(by.size(), by.find('/') + 1));
    if (std::any_of(servers.begin(), servers.end(), [&](const gateway::Server& s) { return s.name == name; }))
      return {};
    if (auto ended = ended_since(site, record, before)) return fail(ErrorKind::failed, *ended);
    std::this_thread::sleep_for(10ms);
  }
  if (context.stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped while switching");
  return fail(ErrorKind::failed, by.empty() ? "the new version gave no answer through the gateway"
                                            : "the gateway still sends requests to " + by);
}

Result<> switch_to(Site& site, const Work& work, Context& context, const build::Plan& plan) {
  auto running = site.records.load(work.stage, work.deployment.id);
  // R7.5: the stage may have been scaled since they were started; and what was well then need not be now.
  const bool as_started = running && static_cast<std::int64_t>(running->instances.size()) == work.instances;
  if (!as_started || !site.well_lately(work.deployment.id)) running = run_instances(site, work, context, plan);
  if (!running) return fail(running.error());
  auto& record = *running;
  std::vector<gateway::Server> servers;
  std::vector<Instance> extra;
  for (const auto& instance : record.instances) {
    if (instance.index < work.instances) {
      servers.push_back({instance.name, instance.port, instance.index});
    } else {
      extra.push_back(instance);
    }
  }
  const auto& stage = work.stage.value;
  // One that is healthy for a moment only is not.
  const auto before = deaths_of(site, record);
  if (auto ended = ended_since(site, record, before)) return fail(ErrorKind::failed, *ended);
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, true); !admitted) return admitted;
    if (!site.gateway->find(stage)) {
      if (auto there = ensure_route(site, work.stage, record.host, work.config); !there) return there;
    }
    if (auto led = lead_to(site, record, servers); !led) return led;
  }
  if (!servers.empty()) {
    if (auto seen = see_answer(site, context, record, plan, servers, before); !seen) return seen;
    if (auto ended = ended_since(site, record, before)) return fail(ErrorKind::failed, *ended);
  }
  if (!extra.empty()) {
    if (auto gone = take_some_down(site, record, extra, context); !gone) return gone;
  }
  return site.records.sync(record);
}

}  // namespace

Advance publish(Site& site, const Work& work, Context& context) {
  auto found = artifact_of(site, work);
  if (!found) return found.error();
  context.log.line("the artifact is on this machine: " + work.deployment.artifact);
  return Done{};
}

Advance provision(Site& site, const Work& work, Context& context) {
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, true); !admitted) return admitted.error();
    auto record = record_of(site, work);
    if (!record) return record.error();
    const auto host = host_of(work.stack_name, work.stage_name);
    const auto route = site.gateway->find(work.stage.value);
    if (!route || route->host != host) {
      if (auto ensured = ensure_route(site, work.stage, host, work.config); !ensured) return ensured.error();
    }
    const char* what = route ? "the address is there: " : "a new address: ";
    if (!work.token) context.log.line(what + site.url(work.stack_name, work.stage_name));
  }
  return provide_database(site, work, context).value_or(Done{});
}

Advance release(Site& site, const Work& work, Context& context) {
  auto found = artifact_of(site, work);
  if (!found) return found.error();
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, true); !admitted) return admitted.error();
    if (auto record = record_of(site, work); !record) return record.error();
  }
  if (found->first.release.empty()) {
    context.log.line("no release command");
    return Done{};
  }
  context.log.line("$ " + found->first.release);
  auto ran = run_command(site, work, context, "release", found->first.release, found->first, found->second, {});
  if (!ran) return ran.error();
  return Done{};
}

Advance start(Site& site, const Work& work, Context& context) {
  auto found = artifact_of(site, work);
  if (!found) return found.error();
  context.log.line(work.instances == 0 ? std::string("the stage is scaled to 0: nothing to start")
                                       : "starting " + plural(work.instances, "instance") + ": " + found->first.run);
  if (work.instances > 0) say_limits(site, context, resources_of(context.config, found->first));
  auto record = run_instances(site, work, context, found->first);
  if (!record) return record.error();
  Done done;
  done.instances = work.instances;
  return done;
}

Advance verify(Site& site, const Work& work, Context& context) {
  auto found = artifact_of(site, work);
  if (!found) return found.error();
  const auto& plan = found->first;
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, true); !admitted) return admitted.error();
  }
  auto record = site.records.load(work.stage, work.deployment.id);
  if (plan.verify.empty() || !record || record->instances.empty()) {
    context.log.line(plan.verify.empty() ? "no verify command"
                                         : "the stage is scaled to 0: there is nothing to verify");
    return Done{};
  }
  const auto port = std::to_string(record->instances.front().port);
  context.log.line("$ " + plan.verify);
  auto ran = run_command(site, work, context, "verify", plan.verify, plan, found->second,
                         {{"SLUICE_VERIFY_URL", "http://127.0.0.1:" + port}});
  if (!ran) return ran.error();
  return Done{};
}

Advance switch_over(Site& site, const Work& work, Context& context) {
  auto found = artifact_of(site, work);
  if (!found) return found.error();
  auto switched = switch_to(site, work, context, found->first);
  if (!switched) {
    // The stage goes on serving what it served (R3.4), also when an earlier try of this step had moved it.
    if (switched.error().kind != ErrorKind::cancelled) {
      auto held = site.hold(work.stage);
      if (site.admit(work, true)) (void)lead_away(site, work, {new_record(work)});
    }
    return switched.error();
  }
  context.log.line(work.instances == 0 ? "the stage is scaled to 0: its address says so"
                                       : site.url(work.stack_name, work.stage_name) + " is answered by this version");
  Done done;
  done.instances = work.instances;
  return done;
}

}  // namespace sluice::platform::local
