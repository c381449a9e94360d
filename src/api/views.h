#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "conductor/conductor.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

// The rules' values in the words of the interface. What does not apply now is left out.
namespace sluice::api {

struct Service;
namespace json = boost::json;

const char* outside(pipeline::DatabaseKind kind);  // none, new, existing
const char* outside(pipeline::Access access);      // public, private
std::string name_of(const pipeline::Actor& actor);
std::string first_line(const std::string& message);

json::object stage_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& stage);
json::object stack_view(Service& service, const pipeline::Stack& stack);
// Many at once: what is read for all of them is read together.
std::vector<json::object> stack_views(Service& service, const std::vector<conductor::Snapshot>& stacks);
json::object change_view(Service& service, const pipeline::Stack& stack, const store::ChangeRow& row);
// Why the active deployment of a stage does not go on, or ends: `note`, where there is something to say.
void set_note(json::object& view, const pipeline::Deployment& active);
json::object deployment_view(const store::DeploymentRow& row);
json::object approval_view(Service& service, const store::ApprovalRow& row);
json::object event_view(Service& service, const store::StoredEvent& event);

// The first line of a change's message; "" when it is not known.
std::string subject_of(Service& service, const pipeline::StackId& stack, pipeline::ChangeNumber change);
// How many commits lie between what a stage runs (empty: nothing) and a commit; nothing when Git cannot tell.
std::optional<std::int64_t> commits_between(Service& service, const pipeline::StackId& stack, const std::string& from,
                                            const std::string& to);
std::string git_url(const Service& service, const std::string& stack_name);

}  // namespace sluice::api
