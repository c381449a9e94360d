#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/time.h"
#include "cli/terminal.h"
#include "cli/text.h"

// How stacks, stages, changes and deployments look to a person. Pure: answers of the API in, text out.
namespace sluice::cli {

// The pipeline, one line a stage in order: name, state, what it serves, its age and address, and beside it what waits.
std::string pipeline_text(const boost::json::array& stages, Time now, const Screen& screen,
                          std::string_view indent = "");
// What waits at a stage or went wrong there, in the order of urgency, joined by "; ". Empty: nothing.
std::string beside(const boost::json::value& stage, Time now);
Cell state_cell(const std::string& state);         // of a stage, with its symbol
Colour colour_of_state(const std::string& state);  // of a deployment, an approval, or a change in a stage

std::string stacks_text(const boost::json::array& stacks, Time now, const Screen& screen);
std::string stage_text(const boost::json::value& stage, Time now, const Screen& screen);
std::string changes_text(const boost::json::array& changes, Time now, const Screen& screen);
std::string deployments_text(const boost::json::array& deployments, Time now, const Screen& screen);
std::string deployment_text(const boost::json::value& deployment, Time now, const Screen& screen);
// What approving would ship (R4.3).
std::string shipment_text(const boost::json::value& approval, const std::string& stack, const std::string& stage,
                          Time now, const Screen& screen);

}  // namespace sluice::cli
