#pragma once
#include <array>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "conductor/conductor.h"
#include "source/source.h"

namespace sluice::api {

// A check-in is: the branch's tip moved (R1.3). Looking at the tip and telling the conductor is one act per stack, so
// that two pushes at once cannot tell it in the wrong order.
class CheckIns {
 public:
  CheckIns(conductor::Conductor& conductor, source::Repositories& repositories)
      : conductor_(conductor), repositories_(repositories) {}

  struct Look {
    conductor::Snapshot stack;          // after it
    std::optional<source::Tip> tip;     // nothing: the branch is not there
    pipeline::ChangeNumber change = 0;  // the new change; 0: the tip is where it was
  };
  Result<Look> look(const std::string& stack_name, const pipeline::Actor& actor);
  // Every hosted stack; the number of new changes (R9.1).
  int look_at_all(std::stop_token stop);

 private:
  conductor::Conductor& conductor_;
  source::Repositories& repositories_;
  std::array<std::mutex, 64> locks_;
};

}  // namespace sluice::api
