#include <fmt/format.h>
#include <algorithm>

#include "base/size.h"
#include "pipeline/deciding.h"
#include "pipeline/questions.h"

namespace sluice::pipeline {
namespace {

constexpr std::int64_t kMostInstances = 100;
constexpr std::int64_t kLeastMemory = std::int64_t{16} << 20, kMostMemory = std::int64_t{16} << 40;
constexpr std::int64_t kLeastCpu = 10, kMostCpu = 1'024'000;
constexpr const char* kStageDeleted = "stage deleted";

// Where a new stage goes: its index in the order (R2.1).
Result<std::int64_t> place_of(const Stack& stack, const std::string& before, const std::string& after) {
  if (!before.empty() && !after.empty()) return fail_field("after", "say either before or after, not both");
  const auto& stages = stack.stages;
  if (before.empty() && after.empty()) return static_cast<std::int64_t>(stages.size());
  const std::string& name = before.empty() ? after : before;
  const Stage* beside = find_stage(stack, name);
  if (beside == nullptr) return fail_field(before.empty() ? "after" : "before", no_stage(stack, name).message);
  return (beside - stages.data()) + (before.empty() ? 1 : 0);
}

Result<> check_name(const Stack& stack, const std::string& name) {
  if (!is_dns_label(name)) {
    return fail_field("name",
                      fmt::format("\"{}\" must be 1 to 32 of a-z, 0-9 and -, neither first nor last a -", name));
  }
  if (find_stage(stack, name) != nullptr) {
    return fail(
        Error{ErrorKind::conflict, fmt::format("{} has a stage {} already", stack.name, name), {{"name", "is taken"}}});
  }
  // Both would answer at the same address.
  const auto has_name = [&](const Stage& stage) { return stage.name == name; };
  if (std::any_of(stack.leaving.begin(), stack.leaving.end(), has_name)) {
    return fail(
        ErrorKind::conflict,
        fmt::format("the former stage {} is still being deleted; try again when it is gone, or force its deletion",
                    name));
  }
  return {};
}

// What a deployment carries (R7.2).
bool is_carried_alike(const StageConfig& a, const StageConfig& b) { return with_uncarried_of(a, b) == b; }

// What says the same as nothing is not kept: two ways to say it would look like a change.
StageConfig without_defaults(StageConfig config) {
  if (config.limits == TrafficLimits{}) config.limits.reset();
  if (config.cache == CacheRules{}) config.cache.reset();
  if (config.sticky == false) config.sticky.reset();
  if (config.sleep_after == 0) config.sleep_after.reset();
  if (config.hours == "") config.hours.reset();
  if (config.domains && config.domains->empty()) config.domains.reset();
  if (config.resources == Resources{}) config.resources.reset();
  if (config.database != DatabaseKind::existing) config.database_at.reset();
  return config;
}

Result<> check_resources(const Resources& resources) {
  const auto [memory, cpu] = resources;
  if (memory != 0 && (memory < kLeastMemory || memory > kMostMemory)) {
    return fail_field("resources.memory", fmt::format("{} is not between {} and {}; 0 is no limit", size_text(memory),
                                                      size_text(kLeastMemory), size_text(kMostMemory)));
  }
  if (cpu != 0 && (cpu < kLeastCpu || cpu > kMostCpu)) {
    return fail_field("resources.cpu", fmt::format("{} thousandths of a core is not between {} and {}; 0 is no limit",
                                                   cpu, kLeastCpu, kMostCpu));
  }
  return {};
}

// R6.2, R6.5: it leaves the order now; what was going on there ends.
void begin_deletion(Deciding& d, const StageId& stage) {
  if (d.stage(stage).waiting) end_waiting(d, stage, DeploymentState::cancelled, kStageDeleted);
  if (const auto& approval = d.stage(stage).approval) d.emit(ApprovalWithdrawn{stage, approval->change, kStageDeleted});
  if (const auto& held = d.stage(stage).held) d.emit(HeldSuperseded{stage, held->change, 0});
  if (d.stage(stage).active) begin_cancel(d, stage, DeploymentState::cancelled, kStageDeleted);
  StageDeletionBegan began{stage, d.stage(stage).name, {}};
  bool is_after = false;
  for (const Stage& other : d.stack.stages) {
    if (is_after) began.after.push_back(other.id);
    is_after = is_after || other.id == stage;
  }
  d.emit(std::move(began));
}

}  // namespace

Result<> check_config(const StageConfig& config) {
  if (config.instances < 0 || config.instances > kMostInstances) {
    return fail_field("instances", fmt::format("{} is not between 0 and {}", config.instances, kMostInstances));
  }
  if (auto right = check_endpoint(config); !right) return right;
  if (auto right = check_rest(config); !right) return right;
  if (config.resources) {
    if (auto right = check_resources(*config.resources); !right) return right;
  }
  return check_available(config);
}

Result<> check_available(const StageConfig& config) {
  if (!is_dns_label(config.region)) return fail_field("region", "must be the name of a region");
  return {};
}

Result<> on(Deciding& d, const AddStage& c) {
  if (auto right = check_name(d.stack, c.name); !right) return right;
  const auto index = place_of(d.stack, c.before, c.after);
  if (!index) return fail(index.error());
  if (auto right = check_config(without_defaults(c.config)); !right) return right;
  if (auto right = check_domains(d.stack, StageId{}, c.config); !right) return right;
  if (!c.copy_from.empty() && find_stage(d.stack, c.copy_from) == nullptr) {
    return fail_field("copy_from", no_stage(d.stack, c.copy_from).message);
  }
  if (static_cast<std::int64_t>(d.stack.stages.size() + d.stack.leaving.size()) >= d.limits.stages_per_stack) {
    return fail(ErrorKind::conflict, fmt::format("{} has {} stages, which is the most a stack can have", d.stack.name,
                                                 d.limits.stages_per_stack));
  }
  const auto change = deployed_by_adding(d.stack, c.before, c.after);
  const StageId stage{"stg_" + d.stack.id.value.substr(4) + std::to_string(d.stack.next_id)};
  d.emit(StageAdded{stage, c.name, *index, without_defaults(c.config), c.copy_from});
  if (!change) return {};
  Deployment deployment;  // R5.1
  deployment.change = *change;
  deployment.kind = deployment.meaning = DeploymentKind::initial;
  deployment.decided = true;
  queue(d, stage, std::move(deployment));
  return {};
}

Result<> on(Deciding& d, const SetStage& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  const StageConfig was = at->config;
  StageConfig config = was;
  config.requires_approval = c.requires_approval.value_or(was.requires_approval);
  config.database = c.database.value_or(was.database);
  config.endpoint = c.endpoint.value_or(was.endpoint);
  config.caching = c.caching.value_or(was.caching);
  config.instances = c.instances.value_or(was.instances);
  config.access = c.access.value_or(was.access);
  if (c.limits) config.limits = c.limits;
  if (c.cache) config.cache = c.cache;
  if (c.sticky) config.sticky = c.sticky;
  if (c.database_at) config.database_at = c.database_at;
  if (c.sleep_after) config.sleep_after = c.sleep_after;
  if (c.hours) config.hours = c.hours;
  if (c.domains) config.domains = c.domains;
  if (c.resources) config.resources = c.resources;
  if (!config.caching && !c.cache) config.cache.reset();
  if (config.endpoint == Endpoint::api_gateway && !c.sticky) config.sticky.reset();
  config = without_defaults(std::move(config));
  const bool has_new_url = c.database_url && config.database == DatabaseKind::existing;
  if (config == was && !has_new_url) return {};
  if (auto right = check_config(config); !right) return right;
  if (auto right = check_domains(d.stack, at->id, config); !right) return right;
  std::optional<Revision> revision;
  if (has_new_url || !is_carried_alike(config, was)) revision = at->settings_revision + 1;
  d.emit(StageChanged{at->id, config, revision});
  if (config.requires_approval && !was.requires_approval) return_to_gate(d, at->id);  // R4.6
  return {};
}

Result<> on(Deciding& d, const SaveSettings& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  d.emit(SettingsSaved{at->id, at->settings_revision + 1, c.names});
  return {};
}

Result<> on(Deciding& d, const DeleteStage& c) {
  StageId stage;
  if (const Stage* at = find_stage(d.stack, c.stage)) {
    stage = at->id;
    begin_deletion(d, stage);
  } else {
    for (const Stage& leaving : d.stack.leaving) {
      if (leaving.name == c.stage) stage = leaving.id;
    }
  }
  if (stage.empty()) return fail(no_stage(d.stack, c.stage));
  if (c.force && !d.stage(stage).forced) d.emit(StageDeletionForced{stage});
  return {};
}

Result<> on(Deciding& d, const DeleteStack&) {
  if (d.stack.deleting) return {};
  d.emit(StackDeletionBegan{});
  while (!d.stack.stages.empty()) begin_deletion(d, StageId{d.stack.stages.back().id});
  return {};
}

}  // namespace sluice::pipeline
