#include "platform/local/ailing.h"

#include <fmt/format.h>

#include <chrono>

#include "platform/local/instances.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLately = 1h;

std::optional<std::string> what_ails(const Site& site, const Record& record, const Instance& instance) {
  const auto limits = limits_of(record);
  const auto* groups = site.sandbox.groups();
  const auto ended = groups != nullptr && limits.memory > 0 ? groups->seen(instance.service).ended : 0;
  if (ended > 0) {
    return cgroup::memory_sentence(limits) + (ended == 1 ? std::string() : fmt::format(", {} times", ended));
  }
  const auto status = site.supervisor.status(instance.service);
  // What is being stopped ends because it was told to.
  if (!status || !status->wanted_up || !status->died || site.clock.now() - *status->died > kLately) return std::nullopt;
  return fmt::format(
      "ended with status {} {} ago{}", status->exit_code, human_duration(site.clock.now() - *status->died),
      status->deaths == 1 ? std::string() : fmt::format(", {} times since its deployment", status->deaths));
}

}  // namespace

std::vector<AilingInstance> ailing(Site& site) {
  std::vector<AilingInstance> out;
  for (const auto& stage : site.records.stages()) {
    const auto route = site.gateway->find(stage.value);
    if (!route || route->live.empty()) continue;
    const auto& serving = (route->live == "a" ? route->a : route->b).tag;
    for (const auto& record : site.records.all(stage)) {
      if (record.deployment.value != serving) continue;
      for (const auto& instance : record.instances) {
        if (auto what = what_ails(site, record, instance)) out.push_back({stage, std::move(*what)});
      }
    }
  }
  return out;
}

}  // namespace sluice::platform::local
