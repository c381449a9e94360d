#pragma once
#include <optional>
#include <string>
#include <vector>

#include "chance.h"
#include "conductor/core.h"

namespace sluice::sim {

// People, and Git, who do anything they can think of: also what they may not, what makes no sense now, and twice.
class People {
 public:
  explicit People(Chance& chance) : chance_(chance) {}
  // The next thing somebody asks, given what can be seen.
  conductor::Request next(const std::vector<conductor::Snapshot>& stacks, bool may_create);

 private:
  pipeline::CommandBody command(const pipeline::Stack& stack, pipeline::Actor& actor);
  pipeline::CommandBody about_a_stage(const pipeline::Stack& stack, const pipeline::Stage& stage);
  pipeline::CommandBody add_stage(const pipeline::Stack& stack);
  pipeline::CommandBody cancel(const pipeline::Stack& stack);
  pipeline::ChangeNumber some_change(const pipeline::Stack& stack, const pipeline::Stage& stage);
  conductor::SettingsEdit edit();

  Chance& chance_;
  int stacks_made_ = 0;
};

// One line about a request, for the trace.
std::string words_of(const conductor::Request& request);

}  // namespace sluice::sim
