#include "people.h"

#include <fmt/format.h>

#include "base/codec.h"

namespace sluice::sim {

using namespace pipeline;
using conductor::Request;

namespace {

const std::vector<std::string> kNames{"dev", "test", "canary", "prod", "prod-eu", "demo"};

}  // namespace

Request People::next(const std::vector<conductor::Snapshot>& stacks, bool may_create) {
  Request request;
  Actor& actor = request.command.actor;
  const unsigned who = static_cast<unsigned>(chance_.below(100));
  actor = who < 65   ? Actor{ActorKind::user, "ada", Role::admin}
          : who < 75 ? Actor{ActorKind::token, "ci", Role::admin}
          : who < 95 ? Actor{ActorKind::user, "dan", Role::developer}
                     : Actor{ActorKind::user, "vic", Role::viewer};
  if (stacks.empty() || (may_create && chance_.percent(2))) {
    if (stacks.empty()) actor.role = Role::admin;
    conductor::Creation creation;
    creation.id.value = "stk_" + random_id(chance_, 8);
    creation.name = chance_.percent(10) && !stacks.empty() ? stacks.front()->name : fmt::format("s{}", ++stacks_made_);
    creation.config.requires_approval = chance_.percent(10);
    request.creation = creation;
    return request;
  }
  const Stack& stack = *chance_.pick(stacks);
  request.stack_name = stack.name;
  request.command.body = command(stack, actor);
  if (std::holds_alternative<SaveSettings>(request.command.body)) request.edit = edit();
  const auto* add = std::get_if<AddStage>(&request.command.body);
  if (add && add->copy_from.empty() && chance_.percent(20)) request.edit = edit();
  return request;
}

CommandBody People::command(const Stack& stack, Actor& actor) {
  const std::size_t roll = chance_.below(1000);
  if (roll < 280 || stack.stages.empty()) {
    if (stack.stages.empty() && chance_.percent(70)) return add_stage(stack);
    actor = Actor{ActorKind::git, actor.name, actor.role};
    CheckIn push;
    push.commit = stack.newest && chance_.percent(10) ? stack.newest->commit : chance_.hex(40);
    push.branch = chance_.percent(5) ? "side" : stack.source.branch;
    push.message = "a change";
    push.author = {"Ada", "ada@example.org"};
    return push;
  }
  if (roll < 340) return add_stage(stack);
  if (roll < 343) return DeleteStack{};
  if (roll < 420) return cancel(stack);
  if (roll < 430) {
    const Stage& stage = chance_.pick(stack.stages);
    actor = Actor{};
    if (stage.rest) return Rouse{stage.id};
    return LayToRest{stage.id};
  }
  if (roll < 440 && !stack.leaving.empty()) return DeleteStage{chance_.pick(stack.leaving).name, true};
  return about_a_stage(stack, chance_.pick(stack.stages));
}

CommandBody People::add_stage(const Stack& stack) {
  AddStage add;
  add.name = chance_.pick(kNames);
  if (!stack.stages.empty()) {
    const std::string beside = chance_.pick(stack.stages).name;
    const std::size_t where = chance_.below(3);
    if (where == 0) add.before = beside;
    if (where == 1) add.after = beside;
    if (chance_.percent(30)) add.copy_from = chance_.pick(stack.stages).name;
  }
  add.config.requires_approval = chance_.percent(40);
  add.config.instances = static_cast<std::int64_t>(chance_.below(4));
  return add;
}

CommandBody People::cancel(const Stack& stack) {
  const Stage& stage = chance_.pick(stack.stages);
  if (stage.waiting && chance_.percent(50)) return Cancel{stage.waiting->id, ""};
  if (stage.active) return Cancel{stage.active->id, ""};
  if (stage.current) return Cancel{stage.current->deployment, ""};
  return Cancel{{"dep_" + stack.id.value.substr(4) + "999"}, ""};
}

ChangeNumber People::some_change(const Stack& stack, const Stage& stage) {
  if (stage.approval && chance_.percent(85)) return stage.approval->change.number;
  const ChangeNumber newest = stack.newest ? stack.newest->number : 1;
  return 1 + static_cast<ChangeNumber>(chance_.below(static_cast<std::size_t>(newest)));
}

CommandBody People::about_a_stage(const Stack& stack, const Stage& stage) {
  const std::string& name = stage.name;
  const std::size_t roll = chance_.below(100);
  if (stage.approval && roll < 35) return Approve{name, some_change(stack, stage), "looks right", {}};
  if (roll < 10) return Approve{name, some_change(stack, stage), "", {}};
  if (roll < 16) return Reject{name, some_change(stack, stage), "not this one", {}};
  if (roll < 25) {
    Retry retry;
    retry.stage = name;
    if (stage.last && chance_.percent(25)) retry.deployment = stage.last->deployment;
    return retry;
  }
  if (roll < 32) return Redeploy{name, chance_.percent(20)};
  if (roll < 42) {
    Rollback back;
    back.stage = name;
    if (chance_.percent(30)) back.to = std::to_string(some_change(stack, stage));
    back.settings_then = chance_.percent(30);
    back.pause = chance_.percent(25);
    return back;
  }
  if (roll < 50) {
    Promote promote;
    promote.stage = name;
    promote.change = some_change(stack, stage);
    const auto* before = &stage == stack.stages.data() ? nullptr : &stage - 1;
    if (before && before->current && chance_.percent(50)) promote.change = before->current->change.number;
    return promote;
  }
  if (roll < 56) return Pause{name};
  if (stage.paused ? roll < 72 : roll < 58) return Resume{name};
  if (roll < 74) return SaveSettings{name, {}};
  if (roll < 75) return PurgeCache{name};
  if (roll < 76) return AddKey{name, chance_.percent(50) ? "phone" : "ci", std::string(64, 'a')};
  if (roll < 77) return RevokeKey{name, chance_.percent(50) ? "phone" : "ci"};
  if (roll < 81) return DeleteStage{name, chance_.percent(10)};
  if (roll < 82) return BackUpDatabase{name};
  if (roll < 83) return RestoreDatabase{name, "backup"};
  if (roll < 84) return CopyDatabase{chance_.pick(stack.stages).name, name};
  SetStage set;
  set.stage = name;
  if (roll < 88) set.requires_approval = !stage.config.requires_approval;
  if (roll >= 86) set.instances = static_cast<std::int64_t>(chance_.below(4));
  if (roll >= 96) set.caching = !stage.config.caching;
  if (roll >= 98) set.endpoint = Endpoint::load_balancer;
  if (roll == 96) set.resources = stage.config.resources ? Resources{} : Resources{std::int64_t{512} << 20, 1500};
  if (roll == 97) set.sleep_after = stage.config.sleep_after ? 0 : 600;
  return set;
}

conductor::SettingsEdit People::edit() {
  const bool build = chance_.percent(40);
  const std::string name = chance_.percent(50) ? "A" : "B";
  const bool remove = chance_.percent(20);
  const secrets::Variable value{std::to_string(chance_.below(3)), chance_.percent(30)};
  return {[=](const secrets::Settings& now) -> Result<secrets::Settings> {
    secrets::Settings out = now;
    secrets::Variables& variables = build ? out.build : out.runtime;
    if (remove) {
      variables.erase(name);
    } else {
      variables[name] = value;
    }
    return out;
  }};
}

std::string words_of(const Request& request) {
  const std::string who =
      fmt::format("{} {}", codec::enum_name(request.command.actor.role), request.command.actor.name);
  if (request.creation) return fmt::format("{}: create {}", who, request.creation->name);
  struct Words {
    std::string operator()(const CheckIn& c) const { return "CheckIn " + c.commit.substr(0, 7); }
    std::string operator()(const AddStage& c) const {
      return fmt::format("AddStage {} before '{}' after '{}'{}", c.name, c.before, c.after,
                         c.config.requires_approval ? " gated" : "");
    }
    std::string operator()(const SetStage& c) const {
      return fmt::format("SetStage {} approval {} instances {}", c.stage,
                         c.requires_approval ? (*c.requires_approval ? "on" : "off") : "-",
                         c.instances ? std::to_string(*c.instances) : "-");
    }
    std::string operator()(const AddKey& c) const { return fmt::format("AddKey {} {}", c.stage, c.name); }
    std::string operator()(const RevokeKey& c) const { return fmt::format("RevokeKey {} {}", c.stage, c.name); }
    std::string operator()(const PurgeCache& c) const { return "PurgeCache " + c.stage; }
    std::string operator()(const NoteCertificate& c) const { return "NoteCertificate " + c.stage + " " + c.domain; }
    std::string operator()(const DeleteStage& c) const {
      return fmt::format("DeleteStage {}{}", c.stage, c.force ? " force" : "");
    }
    std::string operator()(const Approve& c) const { return fmt::format("Approve {} #{}", c.stage, c.change); }
    std::string operator()(const Reject& c) const { return fmt::format("Reject {} #{}", c.stage, c.change); }
    std::string operator()(const Retry& c) const { return "Retry " + c.stage; }
    std::string operator()(const Redeploy& c) const { return "Redeploy " + c.stage; }
    std::string operator()(const Rollback& c) const {
      return fmt::format("Rollback {} to '{}'{}{}", c.stage, c.to, c.settings_then ? " settings then" : "",
                         c.pause ? " pause" : "");
    }
    std::string operator()(const Promote& c) const { return fmt::format("Promote {} #{}", c.stage, c.change); }
    std::string operator()(const Pause& c) const { return "Pause " + c.stage; }
    std::string operator()(const Resume& c) const { return "Resume " + c.stage; }
    std::string operator()(const SaveSettings& c) const { return "SaveSettings " + c.stage; }
    std::string operator()(const Cancel& c) const { return "Cancel " + c.deployment.value; }
    std::string operator()(const BackUpDatabase& c) const { return "BackUpDatabase " + c.stage; }
    std::string operator()(const RestoreDatabase& c) const { return "RestoreDatabase " + c.stage; }
    std::string operator()(const CopyDatabase& c) const { return fmt::format("CopyDatabase {} {}", c.from, c.to); }
    std::string operator()(const LayToRest& c) const { return "LayToRest " + c.stage.value; }
    std::string operator()(const Rouse& c) const { return "Rouse " + c.stage.value; }
    std::string operator()(const DeleteStack&) const { return "DeleteStack"; }
    std::string operator()(const StepDone& c) const {
      return fmt::format("StepDone {} {} attempt {}", c.deployment.value, codec::enum_name(c.step), c.attempt);
    }
    std::string operator()(const StepFailed& c) const {
      return fmt::format("StepFailed {} {} attempt {}", c.deployment.value, codec::enum_name(c.step), c.attempt);
    }
    std::string operator()(const StepInLine& c) const {
      return fmt::format("StepInLine {} {}", c.deployment.value, c.over ? "over" : "waits");
    }
    std::string operator()(const StepNotYet& c) const {
      return fmt::format("StepNotYet {} {} attempt {}", c.deployment.value, codec::enum_name(c.step), c.attempt);
    }
    std::string operator()(const ChoreResult& c) const {
      return fmt::format("ChoreResult {} {} attempt {} {}", c.stage.value,
                         codec::enum_name(static_cast<ChoreKind>(c.chore)), c.attempt, codec::enum_name(c.outcome));
    }
    std::string operator()(const SetSource&) const { return "SetSource"; }
    std::string operator()(const Tick&) const { return "Tick"; }
  };
  return fmt::format("{}: {}: {}", who, request.stack_name, std::visit(Words{}, request.command.body));
}

}  // namespace sluice::sim
