#include "platform/local/site.h"

#include <fmt/format.h>

#include "platform/local/ports.h"

namespace sluice::platform::local {

using namespace std::chrono_literals;

std::string host_of(const std::string& stack, const std::string& stage) { return stage + "." + stack + ".localhost"; }

std::vector<std::string> server_names(const Record& record) {
  std::vector<std::string> out;
  for (const auto& instance : record.instances) out.push_back(instance.name);
  return out;
}

std::vector<std::string> service_names(const Record& record) {
  std::vector<std::string> out;
  for (const auto& instance : record.instances) out.push_back(instance.service);
  return out;
}

Duration time_left(const Site& site, const Context& context) {
  const Duration left = context.deadline - site.clock.now();
  return left > Duration{} ? left : Duration(1h);
}

std::string Site::url(const std::string& stack, const std::string& stage) const {
  return fmt::format("http://{}:{}", host_of(stack, stage), gateway->port());
}

std::vector<gateway::Key> Site::keys_of(const pipeline::StageId& stage) {
  std::lock_guard lock(mutex);
  const auto found = keys.find(stage);
  return found == keys.end() ? std::vector<gateway::Key>{} : found->second;
}

Result<std::int64_t> Site::take_port() {
  auto& taken = *options.ports;
  std::lock_guard lock(taken.mutex);
  auto port = free_port(taken.ports);
  if (port) taken.ports.insert(*port);
  return port;
}

void Site::saw_well(const pipeline::DeploymentId& deployment) {
  std::lock_guard lock(mutex);
  well.saw(deployment, std::chrono::steady_clock::now());
}

bool Site::well_lately(const pipeline::DeploymentId& deployment) {
  std::lock_guard lock(mutex);
  return well.has(deployment, std::chrono::steady_clock::now());
}

void Site::give_back(const Record& record) {
  {
    std::lock_guard lock(mutex);
    well.forget(record.deployment);
  }
  std::lock_guard lock(options.ports->mutex);
  for (const auto& instance : record.instances) options.ports->ports.erase(instance.port);
}

Site::Held Site::hold(const pipeline::StageId& stage) {
  std::shared_ptr<std::mutex> its;
  {
    std::lock_guard lock(mutex);
    auto& slot = locks[stage];
    if (!slot) slot = std::make_shared<std::mutex>();
    its = slot;
  }
  std::unique_lock<std::mutex> held(*its);
  return {std::move(its), std::move(held)};
}

Result<> Site::admit(const pipeline::Work& work, bool step) {
  auto fence = records.fence(work.stage);
  if (!fence) return fail(fence.error());
  if (fence->removed) return fail(ErrorKind::conflict, "the stage " + work.stage_name + " has been removed");
  if (work.attempt < fence->highest) {
    return fail(ErrorKind::conflict,
                fmt::format("attempt {} of this stage comes late: attempt {} has begun", work.attempt, fence->highest));
  }
  if (step && work.attempt <= fence->ended) {
    return fail(ErrorKind::conflict, fmt::format("attempt {} of this stage was cancelled", work.attempt));
  }
  if (work.attempt == fence->highest) return {};
  fence->highest = work.attempt;
  return records.save(work.stage, *fence);
}

}  // namespace sluice::platform::local
