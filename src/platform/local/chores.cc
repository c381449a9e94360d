#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "platform/local/endpoint.h"
#include "platform/local/instances.h"
#include "platform/local/stage_database.h"
#include "platform/local/steps.h"

namespace sluice::platform::local {

using pipeline::Work;

Advance scale(Site& site, const Work& work, Context& context) {
  if (!work.current)
    return Error{ErrorKind::conflict, "the stage has nothing to scale: nothing was deployed to it", {}};
  const auto& stage = work.stage.value;
  const auto& tag = work.current->deployment.value;
  auto plan = site.builder.plan(work.current->artifact);
  if (!plan) return plan.error();
  Record record;
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, false); !admitted) return admitted.error();
    auto there = site.records.load(work.stage, work.current->deployment);
    if (!there) return there.error();
    record = *there;
    std::error_code error;
    if (!std::filesystem::exists(site.records.env_dir(record) / sandbox::kEnvironment, error)) {
      auto written = write_environment(site, work, *plan, context, site.records.env_dir(record));
      if (!written) return written.error();
    }
    if (auto up = bring_up(site, record, *plan, work.instances); !up) return up.error();
  }
  Record wanted = record;
  std::erase_if(wanted.instances, [&](const Instance& one) { return one.index >= work.instances; });
  if (auto well = await_well(site, work, false, wanted, *plan, context); !well) {
    // What serves goes on serving; what was added and does not come up goes.
    if (well.error().kind != ErrorKind::cancelled) {
      std::vector<Instance> added;
      auto route = site.gateway->find(stage);
      for (const auto& instance : record.instances) {
        auto serves = [&](const gateway::Set& set) {
          return std::any_of(set.servers.begin(), set.servers.end(),
                             [&](const gateway::Server& s) { return s.name == instance.name; });
        };
        if (!route || (!serves(route->a) && !serves(route->b))) added.push_back(instance);
      }
      if (!added.empty()) (void)take_some_down(site, record, added, context);
    }
    return well.error();
  }
  if (wanted.instances.size() == record.instances.size()) record = wanted;  // one may have another port by now
  {
    auto held = site.hold(work.stage);
    if (auto admitted = site.admit(work, false); !admitted) return admitted.error();
    auto route = site.gateway->find(stage);
    // A deployment may have switched meanwhile: then it is not for this one to be shown.
    const bool shown_now = route && !route->live.empty() && (route->live == "a" ? route->a : route->b).tag == tag;
    if (work.instances == 0) {
      if (auto shown = shown_now ? show_rest(site, work.stage, work.rest, work.config) : Result<>{}; !shown) {
        return shown.error();
      }
    } else {
      const auto servers = servers_of(wanted);
      if (auto placed = site.gateway->place(stage, tag, servers, std::chrono::seconds(5), record.policy); !placed)
        return placed.error();
      if (auto shown = shown_now ? site.gateway->show(stage, tag) : Result<>{}; !shown) return shown.error();
    }
  }
  std::vector<Instance> extra;
  for (const auto& instance : record.instances) {
    if (instance.index >= work.instances) extra.push_back(instance);
  }
  if (!extra.empty()) {
    if (auto gone = take_some_down(site, record, extra, context); !gone) return gone.error();
  }
  if (auto synced = site.records.sync(record); !synced) return synced.error();
  Done done;
  done.instances = work.instances;
  return done;
}

Advance retire(Site& site, const Work& work, Context& context) {
  std::vector<Record> victims;
  {
    auto held = site.hold(work.stage);
    for (auto& record : site.records.all(work.stage)) {
      bool stays = work.current && record.deployment == work.current->deployment;
      if (record.attempt <= work.attempt && !stays) victims.push_back(std::move(record));
    }
    if (auto led = lead_away(site, work, victims); !led) return led.error();
  }
  auto taken = take_down(site, std::move(victims), context);
  if (!std::holds_alternative<Done>(taken) || work.config.database == pipeline::DatabaseKind::created) return taken;
  if (auto seen_off = see_off_database(site, work, context); !seen_off) return seen_off.error();
  return taken;
}

Advance discard(Site& site, const Work& work, Context& context) {
  std::vector<Record> victims;
  {
    auto held = site.hold(work.stage);
    auto fence = site.records.fence(work.stage);
    if (!fence) return fence.error();
    if (!fence->removed && fence->ended < work.attempt) {
      fence->ended = work.attempt;
      fence->highest = std::max(fence->highest, work.attempt);
      if (auto saved = site.records.save(work.stage, *fence); !saved) return saved.error();
    }
    auto record = site.records.load(work.stage, work.deployment.id);
    if (!record && record.error().kind != ErrorKind::not_found) return record.error();
    if (!record) return Done{};
    victims.push_back(std::move(*record));
    if (auto led = lead_away(site, work, victims); !led) return led.error();
  }
  return take_down(site, std::move(victims), context);
}

Advance remove(Site& site, const Work& work, Context& context) {
  std::vector<Record> victims;
  {
    auto held = site.hold(work.stage);
    Fence fence;
    fence.highest = work.attempt;
    fence.removed = true;
    if (auto saved = site.records.save(work.stage, fence); !saved) return saved.error();
    victims = site.records.all(work.stage);
    if (const auto route = site.gateway->find(work.stage.value)) {
      for (const auto& domain : route->others) {
        if (auto removed = site.gateway->remove_certificate(domain); !removed) return removed.error();
      }
    }
    if (auto gone = site.gateway->remove(work.stage.value); !gone) return gone.error();
  }
  auto taken = take_down(site, std::move(victims), context);
  if (!std::holds_alternative<Done>(taken)) return taken;
  if (auto seen_off = see_off_database(site, work, context); !seen_off) {
    if (!work.forced) return seen_off.error();
    context.log.line("the database stays: " + seen_off.error().message);
  }
  return taken;
}

}  // namespace sluice::platform::local
