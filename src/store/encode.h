#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/events.h"
#include "pipeline/types.h"

// Stored text of states and events, and back. A text that cannot be read means that the file was changed by something
// else than sluice: the Error says which.
namespace sluice::store {

std::string encode(const pipeline::Stack& stack);
Result<pipeline::Stack> decode_stack(const std::string& text);
std::string encode(const pipeline::EventBody& body);
Result<pipeline::EventBody> decode_event(const std::string& text);
std::string encode(const std::vector<pipeline::StageId>& stages);
Result<std::vector<pipeline::StageId>> decode_stages(const std::string& text);
// The name of the alternative, such as "DeploymentEnded".
std::string type_of(const pipeline::EventBody& body);

}  // namespace sluice::store
