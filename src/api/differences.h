#pragma once
#include <optional>
#include <string>

#include "api/service.h"
#include "api/views.h"

// What differs between two states of a stage, for those who decide and those who compare.
namespace sluice::api {

// Adds `direction`, `total`, `commits`, and where they apply `dropped_total`, `dropped` and `files`, which are what
// lies between two commits of a stack (`from` empty: all up to `to`). Fails when Git cannot list the commits; files
// that it cannot compare are left out.
Result<> put_differences(Service& service, const pipeline::StackId& stack, const std::string& from,
                         const std::string& to, json::object& out);

// The names that differ between two revisions of a stage's settings: "build/NAME" and "runtime/NAME" of variables, and
// the settings by their own. Nothing when one of the two is not kept. No value is told.
std::optional<json::array> settings_changed(Service& service, const pipeline::StageId& stage, pipeline::Revision from,
                                            pipeline::Revision to);

}  // namespace sluice::api
