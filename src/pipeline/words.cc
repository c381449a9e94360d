#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "pipeline/deciding.h"

namespace sluice::pipeline {

const char* name_of(DeploymentState state) { return boost::describe::enum_to_string(state, "?"); }
const char* name_of(DeploymentKind kind) { return boost::describe::enum_to_string(kind, "?"); }

std::string number(ChangeNumber change) { return fmt::format("#{}", change); }

std::string words_for(const Deployment& deployment) {
  const char* what = "the deployment of";
  if (deployment.kind == DeploymentKind::retry) what = "the retry of";
  if (deployment.kind == DeploymentKind::redeploy) what = "the redeploy of";
  if (deployment.meaning == DeploymentKind::rollback) what = "the rollback to";
  if (deployment.meaning == DeploymentKind::promote) what = "the promotion of";
  return fmt::format("{} {}", what, number(deployment.change.number));
}

Error no_stage(const Stack& stack, const std::string& name) {
  std::string names;
  for (const Stage& stage : stack.stages) names += (names.empty() ? "" : ", ") + stage.name;
  if (names.empty()) {
    return {ErrorKind::not_found, fmt::format("there is no stage {} in {}, which has no stages", name, stack.name), {}};
  }
  return {ErrorKind::not_found, fmt::format("there is no stage {} in {}; it has {}", name, stack.name, names), {}};
}

}  // namespace sluice::pipeline
