#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "pipeline/questions.h"
#include "platform/local/endpoint.h"
#include "platform/local/instances.h"
#include "platform/local/returning.h"
#include "platform/local/steps.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::Stage;

constexpr Duration kOrphanGrace = 5s;  // of what no stage knows any more
constexpr Duration kDatabasePatience = 20s;

Result<> end_at_once(Site& site, const Record& record) {
  if (auto gone = site.supervisor.remove(service_names(record), kOrphanGrace); !gone) return gone;
  if (auto killed = sandbox::kill_users_of(site.records.dir(record.stage, record.deployment)); !killed) return killed;
  remove_groups(site, service_names(record));
  site.give_back(record);
  return site.records.forget(record);
}

bool routes_to(const gateway::Route& route, const pipeline::DeploymentId& id) {
  return !route.live.empty() && (route.live == "a" ? route.a : route.b).tag == id.value;
}

Result<> bring_stage_back(Site& site, const std::string& stack_name, const Stage& stage) {
  auto held = site.hold(stage.id);
  std::vector<Record> lost;
  for (const auto& record : site.records.all(stage.id)) {
    bool is_current = stage.current && record.deployment == stage.current->deployment;
    bool is_active = stage.active && record.deployment == stage.active->id;
    bool is_retiring = stage.retiring && record.attempt <= stage.retiring->attempt;
    bool is_leaving = stage.deleting.has_value();
    if (!is_current && !is_active && !is_retiring && !is_leaving) lost.push_back(record);
    if (!is_current || is_leaving) continue;
    auto& current = record;
    bring_back_or_note(site, current);
    if (auto there = ensure_route(site, stage.id, host_of(stack_name, stage.name), stage.config); !there) return there;
    auto route = site.gateway->find(stage.id.value);
    // The switch that was under way is due again, and goes forward.
    if (route && stage.active && routes_to(*route, stage.active->id)) continue;
    // After a restart of the machine they may not be up yet: the address leads there all the same. To what is being
    // added or taken away it does not (R7.5): that goes on where it was.
    auto servers = servers_of(current);
    std::erase_if(servers, [&](const gateway::Server& one) { return one.index >= pipeline::serving_instances(stage); });
    auto placed = site.gateway->place(stage.id.value, current.deployment.value, servers, 0ms, current.policy);
    if (!placed && placed.error().kind != ErrorKind::failed) return placed;
    if (auto shown = site.gateway->show(stage.id.value, current.deployment.value); !shown) return shown;
    if (!stage.rest || !servers.empty()) continue;
    if (auto shown = show_rest(site, stage.id, stage.rest, stage.config); !shown) return shown;
  }
  for (const auto& record : lost) {
    auto route = site.gateway->find(stage.id.value);
    if (route && !stage.current && routes_to(*route, record.deployment)) {
      if (auto shown = site.gateway->show_empty(stage.id.value); !shown) return shown;
    }
    if (auto gone = site.gateway->withdraw(stage.id.value, server_names(record)); !gone) return gone;
    if (auto ended = end_at_once(site, record); !ended) return ended;
  }
  return {};
}

}  // namespace

Result<> reconcile(Site& site, const std::vector<std::shared_ptr<const pipeline::Stack>>& stacks) {
  std::set<std::string> known, domains;
  std::string problems;
  auto note = [&](const Result<>& done, const std::string& what) {
    if (!done) problems += (problems.empty() ? "" : "; ") + what + ": " + done.error().message;
  };
  // After a restart of the machine the apps that use it come after it.
  if (site.databases->made()) {
    if (const auto up = site.databases->ready(kDatabasePatience); !up) note_databases(site, up.error());
  }
  for (const auto& stack : stacks) {
    for (const auto* stages : {&stack->stages, &stack->leaving}) {
      for (const auto& stage : *stages) {
        if (stage.config.region != site.options.region) continue;
        known.insert(stage.id.value);
        if (stage.config.domains) domains.insert(stage.config.domains->begin(), stage.config.domains->end());
        {
          std::lock_guard lock(site.mutex);
          site.keys[stage.id] = keys_of(stage.keys);
        }
        note(bring_stage_back(site, stack->name, stage), stack->name + "/" + stage.name);
      }
    }
  }
  for (const auto& id : site.gateway->ids()) {
    if (!known.contains(id)) note(site.gateway->remove(id), id);
  }
  // A server that ended after a domain was taken away, and before the gateway was told.
  for (const auto& [domain, term] : site.gateway->certificates()) {
    if (!domains.contains(domain)) note(site.gateway->remove_certificate(domain), domain);
  }
  for (const auto& id : site.records.stages()) {
    if (known.contains(id.value)) continue;
    Result<> done;
    for (const auto& record : site.records.all(id)) {
      if (done) done = end_at_once(site, record);
    }
    note(done ? remove_tree(site.records.dir(id)) : done, id.value);
  }
  std::set<std::string> services{kGatewayService, kDatabaseService};
  for (const auto& id : site.records.stages()) {
    for (const auto& record : site.records.all(id)) {
      for (const auto& name : service_names(record)) services.insert(name);
    }
  }
  std::vector<std::string> strays;
  for (const auto& name : site.supervisor.names()) {
    if (!services.contains(name)) strays.push_back(name);
  }
  if (!strays.empty()) note(site.supervisor.remove(strays, kOrphanGrace), "services of no stage");
  for (const auto& id : site.records.stages()) note(site.records.drop_damaged(id), id.value);
  if (!problems.empty()) return fail(ErrorKind::failed, problems);
  return {};
}

}  // namespace sluice::platform::local
