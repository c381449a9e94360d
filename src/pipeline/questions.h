#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "pipeline/types.h"

// What is asked of the present by the same rules, without doing anything.
namespace sluice::pipeline {

// Of the instances of what a stage runs, those that serve and go on serving, by their numbers from 0: not one that is
// being started, nor one that is on its way out (R7.5). `stage` runs something.
std::int64_t serving_instances(const Stage& stage);

// The change a stage put there would deploy at once (R5.1); none: it would wait. `before` and `after` as in AddStage,
// naming stages that exist.
std::optional<ChangeRef> deployed_by_adding(const Stack& stack, const std::string& before, const std::string& after);

// The newest change that is on its way through this stage, or stopped in it, and that the stage after it will not get
// from anybody when this one is deleted (R6.3): `promote` brings it there.
std::optional<ChangeRef> stranded_by_deleting(const Stack& stack, const std::string& stage);

// The stage behind this one in the order, or nullptr.
const Stage* stage_after(const Stack& stack, const std::string& stage);
const Stage* stage_before(const Stack& stack, const std::string& stage);

// The change whose retry would use settings that were saved where nothing runs (R7.2); none: something runs, or nothing
// has failed.
std::optional<ChangeRef> retry_uses_settings(const Stage& stage);

// What an approver is shown beside the commits between the two (R4.3). `stage` has a pending approval.
struct Asked {
  ChangeRef change;
  std::optional<ChangeRef> runs;       // in this stage now
  bool settings_changed = false;       // since what runs was deployed
  std::string before;                  // name of the stage before it; empty: it is the first
  bool ran_with_no_instances = false;  // the stage before runs it, at 0 instances
  bool has_left_before = false;        // the stage before runs another change now
};
Asked asked(const Stack& stack, const Stage& stage);

}  // namespace sluice::pipeline
