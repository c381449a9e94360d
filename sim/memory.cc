#include "memory.h"

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "base/codec.h"

namespace sluice::sim {

using namespace pipeline;

struct MemoryLedger::Noting {
  MemoryLedger& ledger;
  const StackId& stack;
  const Event& event;

  void operator()(const StageAdded& e) const { ledger.stages_[e.stage] = {stack, e.name, false, {}}; }
  void operator()(const StageDeletionBegan& e) const {
    StageRecord& stage = ledger.stages_[e.stage];
    stage.deleted = true;
    stage.after = e.after;
  }
  void operator()(const CheckedIn& e) const { ledger.commits_[{stack, e.change.number}] = e.change.commit; }
  void operator()(const ApprovalAsked& e) const { ledger.approvals_.push_back({e.stage, e.change.number, {}}); }
  void operator()(const ApprovalDecided& e) const {
    ApprovalPrecedent& precedent = ledger.newest_approval(e.stage, e.change.number)->precedent;
    precedent.state = e.state;
    precedent.by = event.actor.name;
  }
  void operator()(const ApprovalSuperseded& e) const {
    ApprovalPrecedent& precedent = ledger.newest_approval(e.stage, e.change.number)->precedent;
    precedent.state = ApprovalState::superseded;
    precedent.superseded_by = e.by;
  }
  void operator()(const ApprovalWithdrawn& e) const {
    ledger.newest_approval(e.stage, e.change.number)->precedent.state = ApprovalState::withdrawn;
  }
  void operator()(const DeploymentQueued& e) const {
    ledger.deployments_.push_back({e.stage, e.deployment, DeploymentState::queued, false, 0});
  }
  void operator()(const DeploymentStarted& e) const {
    ledger.record_of(e.deployment).deployment.settings_revision = e.settings_revision;
  }
  void operator()(const StepBegan& e) const { ledger.record_of(e.deployment).state = e.state; }
  void operator()(const CancelBegan& e) const { ledger.record_of(e.deployment).state = DeploymentState::cancelling; }
  void operator()(const ArtifactBuilt& e) const { ledger.record_of(e.deployment).deployment.artifact = e.artifact; }
  void operator()(const DeploymentEnded& e) const {
    DeploymentRecord& record = ledger.record_of(e.deployment);
    record.state = e.state;
    record.returned = e.returned;
    record.ended_seq = ledger.last_seq_;
  }
  template <class Other>
  void operator()(const Other&) const {}
};

MemoryLedger::DeploymentRecord& MemoryLedger::record_of(const DeploymentId& id) {
  return *std::find_if(deployments_.rbegin(), deployments_.rend(),
                       [&](const DeploymentRecord& record) { return record.deployment.id == id; });
}

Result<std::int64_t> MemoryLedger::commit(const std::vector<store::Batch>& batches) {
  std::map<StackId, std::int64_t> versions;
  for (const store::Batch& batch : batches) {
    const auto known = stacks_.find(batch.stack.id);
    const auto [version, first] =
        versions.try_emplace(batch.stack.id, known == stacks_.end() ? 0 : known->second.version);
    if (version->second != batch.expected_version) return fail(ErrorKind::conflict, "another version is stored");
    version->second = batch.stack.version;
  }
  const std::int64_t first = last_seq_ + 1;
  for (const store::Batch& batch : batches) {
    for (const Event& event : batch.events) {
      ++last_seq_;
      std::visit(Noting{*this, batch.stack.id, event}, event.body);
    }
    for (const store::SettingsRow& row : batch.settings) settings_[{row.stage, row.revision}] = row.sealed;
    stacks_[batch.stack.id] = batch.stack;
  }
  return first;
}

Result<std::vector<Stack>> MemoryLedger::load() {
  std::vector<Stack> out;
  for (const auto& [id, stack] : stacks_)
    if (!stack.gone) out.push_back(stack);
  return out;
}

MemoryLedger::ApprovalRecord* MemoryLedger::newest_approval(const StageId& stage, ChangeNumber change) {
  const auto found = std::find_if(approvals_.rbegin(), approvals_.rend(), [&](const ApprovalRecord& record) {
    return record.stage == stage && record.change == change;
  });
  return found == approvals_.rend() ? nullptr : &*found;
}

std::optional<ApprovalPrecedent> MemoryLedger::approval_precedent(const Stack& stack, const std::string& stage,
                                                                  ChangeNumber change) {
  const auto in = [&](const StageId& id) -> std::optional<ApprovalPrecedent> {
    const ApprovalRecord* record = newest_approval(id, change);
    if (!record) return std::nullopt;
    ApprovalPrecedent out = record->precedent;
    out.stage_gone = stages_.at(id).deleted;
    if (out.state != ApprovalState::approved) return out;
    for (const DeploymentRecord& deployment : deployments_)
      if (deployment.stage == id && deployment.deployment.change.number == change && !deployment.returned)
        out.deployment_state = codec::enum_name(deployment.state);
    return out;
  };
  if (const Stage* living = find_stage(stack, stage))
    if (auto found = in(living->id)) return found;
  for (auto it = stages_.rbegin(); it != stages_.rend(); ++it)
    if (it->second.stack == stack.id && it->second.name == stage && it->second.deleted)
      if (auto found = in(it->first)) return found;
  return std::nullopt;
}

Precedent MemoryLedger::precedent_of(const DeploymentRecord& record) const {
  const Deployment& was = record.deployment;
  Precedent out;
  out.deployment = was.id;
  out.change = was.change;
  out.kind = was.kind;
  out.meaning = was.meaning;
  out.state = record.state;
  out.artifact = was.artifact;
  out.artifact_fixed = was.artifact_fixed;
  out.settings_revision = was.settings_revision;
  out.settings_then = was.settings_then;
  out.returned = record.returned;
  if (record.ended_seq == 0) return out;
  for (const DeploymentRecord& other : deployments_)
    if (other.stage == record.stage && other.ended_seq > record.ended_seq && other.state == DeploymentState::succeeded)
      out.newest_success_since = std::max(out.newest_success_since, other.deployment.change.number);
  return out;
}

std::optional<Precedent> MemoryLedger::retry_precedent(const StageId& stage) {
  for (auto it = deployments_.rbegin(); it != deployments_.rend(); ++it)
    if (it->stage == stage && (it->state == DeploymentState::failed || it->state == DeploymentState::cancelled))
      return precedent_of(*it);
  return std::nullopt;
}

std::optional<Precedent> MemoryLedger::deployment_precedent(const StageId& stage, const DeploymentId& id) {
  for (const DeploymentRecord& record : deployments_)
    if (record.stage == stage && record.deployment.id == id) return precedent_of(record);
  return std::nullopt;
}

std::optional<Precedent> MemoryLedger::rollback_precedent(const StageId& stage, const std::string& to,
                                                          ChangeNumber serving) {
  const DeploymentRecord* found = nullptr;
  for (const DeploymentRecord& record : deployments_) {
    if (record.stage != stage) continue;
    if (record.deployment.id.value == to) return precedent_of(record);
    if (record.state != DeploymentState::succeeded) continue;
    const ChangeNumber number = record.deployment.change.number;
    if (to.empty() ? number < serving && (!found || number >= found->deployment.change.number)
                   : std::to_string(number) == to)
      found = &record;
  }
  if (!found) return std::nullopt;
  return precedent_of(*found);
}

void MemoryLedger::promote_precedent(const Stack& stack, Promote& command) {
  const auto commit = commits_.find({stack.id, command.change});
  if (commit == commits_.end()) return;
  command.commit = commit->second;
  const Stage* target = find_stage(stack, command.stage);
  for (const auto& [id, stage] : stages_) {
    if (stage.stack != stack.id) continue;
    const bool succeeded = std::any_of(deployments_.begin(), deployments_.end(), [&](const DeploymentRecord& record) {
      return record.stage == id && record.deployment.change.number == command.change &&
             record.state == DeploymentState::succeeded;
    });
    if (!succeeded) continue;
    command.succeeded_in.push_back(id);
    if (target && stage.deleted && std::count(stage.after.begin(), stage.after.end(), target->id) > 0)
      command.succeeded_before_deleted = true;
  }
}

std::string MemoryLedger::deployment_state(const DeploymentId& id) {
  for (const DeploymentRecord& record : deployments_)
    if (record.deployment.id == id) return codec::enum_name(record.state);
  return "";
}

Result<std::string> MemoryLedger::settings(const StageId& stage, Revision revision) const {
  const auto found = settings_.find({stage, revision});
  if (found == settings_.end()) return fail(ErrorKind::not_found, "no settings of " + stage.value);
  return found->second;
}

namespace {

boost::json::object plain(const secrets::Variables& variables) {
  boost::json::object out;
  for (const auto& [name, variable] : variables) out[name] = boost::json::array{variable.value, variable.secret};
  return out;
}

secrets::Variables variables_of(const boost::json::object& object) {
  secrets::Variables out;
  for (const auto& [name, value] : object)
    out[std::string(name)] = {std::string(value.at(0).as_string()), value.at(1).as_bool()};
  return out;
}

}  // namespace

Result<secrets::Settings> PlainSecrets::read(const StageId& stage, Revision revision) {
  const auto text = lookup_(stage, revision);
  if (!text)
    throw std::runtime_error("revision " + std::to_string(revision) + " of " + stage.value +
                             " is asked for, but not kept");
  const boost::json::object object = boost::json::parse(*text).as_object();
  auto config = codec::read<StageConfig>(object.at("config"));
  if (!config) return fail(config.error());
  return secrets::Settings{variables_of(object.at("build").as_object()), variables_of(object.at("runtime").as_object()),
                           std::move(*config)};
}

Result<store::SettingsRow> PlainSecrets::seal(const StageId& stage, Revision revision,
                                              const secrets::Settings& settings) {
  const boost::json::object object{{"build", plain(settings.build)},
                                   {"runtime", plain(settings.runtime)},
                                   {"config", codec::write(settings.config)}};
  return store::SettingsRow{stage, revision, boost::json::serialize(object)};
}

std::string PlainSecrets::mac(std::string_view purpose, std::string_view bytes) {
  return std::string(purpose) + ":" + std::string(bytes);
}

}  // namespace sluice::sim
