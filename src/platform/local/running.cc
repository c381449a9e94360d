#include "platform/local/running.h"

#include <optional>
#include <system_error>

#include "supervise/uses.h"

namespace sluice::platform::local {
namespace {

// By the folder that every deployment with instances has.
std::optional<pipeline::StageId> find_stage(const Site& site, const std::vector<pipeline::StageId>& stages,
                                            const std::string& deployment) {
  for (const auto& stage : stages) {
    std::error_code error;
    if (std::filesystem::exists(site.records.dir(stage, pipeline::DeploymentId{deployment}), error)) return stage;
  }
  return std::nullopt;
}

}  // namespace

std::vector<RunningInstance> running(Site& site) {
  std::map<std::string, pipeline::StageId> known, used;
  {
    std::lock_guard lock(site.mutex);
    known = site.stage_of;
  }
  std::optional<std::vector<pipeline::StageId>> stages;
  std::optional<supervise::Uses> uses;
  std::vector<RunningInstance> out;
  for (const auto& service : site.supervisor.names()) {
    const auto deployment = service.substr(0, service.find('.'));
    if (deployment.size() == service.size()) continue;  // the gateway, and what else is no instance
    auto found = known.find(deployment);
    if (found == known.end()) {
      if (!stages) stages = site.records.stages();
      const auto stage = find_stage(site, *stages, deployment);
      if (!stage) continue;
      found = known.emplace(deployment, *stage).first;
    }
    used.insert(*found);
    const int pid = site.supervisor.pid(service);
    if (pid == 0) continue;
    if (!uses) uses = supervise::Uses::read();
    if (const auto tree = uses->tree(pid))
      out.push_back({found->second, pid, tree->born, tree->cpu_us, tree->memory_kib});
  }
  std::lock_guard lock(site.mutex);
  site.stage_of = std::move(used);
  return out;
}

}  // namespace sluice::platform::local
