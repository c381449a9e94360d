#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

// Who decides is asked in one place, so that approval policies can give it to others later (R8.7).
bool may_decide(const Actor& actor) { return actor.role == Role::admin; }

struct Asking {
  const Stack& stack;
  const Actor& actor;

  Result<> ok() const { return {}; }
  Result<> no(const std::string& what) const {
    return fail(ErrorKind::forbidden,
                fmt::format("a {} may not {}; ask an admin", boost::describe::enum_to_string(actor.role, "?"), what));
  }
  Result<> decides(const std::string& what) const { return may_decide(actor) ? ok() : no(what); }
  Result<> admin(const std::string& what) const { return actor.role == Role::admin ? ok() : no(what); }
  bool is_gated(const Stage* stage) const { return stage != nullptr && stage->config.requires_approval; }
  // A developer's where no approval is required, elsewhere of those who decide.
  Result<> ungated(const Stage* stage, const std::string& what) const {
    if (!is_gated(stage)) return ok();
    return decides(fmt::format("{} in {}, which requires approval", what, stage->name));
  }
  const Stage* named(const std::string& name) const { return find_stage(stack, name); }
  const Stage* running(const DeploymentId& id) const {
    for (const auto* stages : {&stack.stages, &stack.leaving}) {
      for (const Stage& stage : *stages) {
        if ((stage.active && stage.active->id == id) || (stage.waiting && stage.waiting->id == id)) return &stage;
      }
    }
    return nullptr;
  }

  Result<> operator()(const CheckIn&) const { return ok(); }
  Result<> operator()(const SetSource&) const { return admin("change the repository of a stack"); }
  Result<> operator()(const DeleteStack&) const { return admin("delete a stack"); }
  Result<> operator()(const AddStage& c) const {
    if (c.config.requires_approval) {
      if (auto allowed = admin("add a stage that requires approval"); !allowed) return allowed;
    }
    if (is_gated(named(c.copy_from))) return decides("copy the variables of a stage that requires approval");  // R5.4
    return ok();
  }
  Result<> operator()(const SetStage& c) const {
    const Stage* stage = named(c.stage);
    if (stage != nullptr && c.requires_approval && *c.requires_approval != stage->config.requires_approval) {
      return decides("change whether a stage requires approval");
    }
    return ungated(stage, "change settings");
  }
  Result<> operator()(const SaveSettings& c) const { return ungated(named(c.stage), "change variables"); }
  Result<> operator()(const AddKey& c) const { return ungated(named(c.stage), "make access keys"); }
  Result<> operator()(const RevokeKey& c) const { return ungated(named(c.stage), "revoke access keys"); }
  Result<> operator()(const PurgeCache& c) const { return ungated(named(c.stage), "purge a cache"); }
  Result<> operator()(const NoteCertificate& c) const { return ungated(named(c.stage), "change certificates"); }
  Result<> operator()(const BackUpDatabase&) const { return ok(); }
  Result<> operator()(const RestoreDatabase& c) const { return ungated(named(c.stage), "restore a database"); }
  Result<> operator()(const CopyDatabase& c) const {
    if (auto allowed = ungated(named(c.from), "copy the database"); !allowed) return allowed;
    return ungated(named(c.to), "replace the database");
  }
  Result<> operator()(const DeleteStage& c) const {
    if (c.force) {
      if (auto allowed = decides("force a deletion"); !allowed) return allowed;
    }
    return admin("delete a stage");
  }
  Result<> operator()(const Approve&) const { return decides("approve"); }
  Result<> operator()(const Reject&) const { return decides("reject"); }
  Result<> operator()(const Retry& c) const { return ungated(named(c.stage), "retry"); }
  Result<> operator()(const Redeploy& c) const { return ungated(named(c.stage), "redeploy"); }
  Result<> operator()(const Rollback& c) const {
    if (c.pause) {
      if (auto allowed = decides("pause a stage"); !allowed) return allowed;
    }
    return ungated(named(c.stage), "roll back");
  }
  Result<> operator()(const Promote&) const { return decides("promote"); }
  Result<> operator()(const Pause&) const { return decides("pause a stage"); }
  Result<> operator()(const Resume&) const { return decides("resume a stage"); }
  Result<> operator()(const Cancel& c) const { return ungated(running(c.deployment), "cancel a deployment"); }
  template <class Machinery>
  Result<> operator()(const Machinery&) const {
    return fail(ErrorKind::forbidden, "only the server itself reports what its work came to");
  }
};

}  // namespace

Result<> may(const Stack& stack, const Command& command) {
  if (command.actor.kind == ActorKind::system) return {};
  if (command.actor.role == Role::viewer) {
    return fail(ErrorKind::forbidden, "a viewer may only read; ask an admin for another role");
  }
  return std::visit(Asking{stack, command.actor}, command.body);
}

}  // namespace sluice::pipeline
