#include "cli/verdict.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "cli/json.h"

namespace sluice::cli {
namespace {

struct Place {
  std::string stage, state, deployment;
};

bool is_stop(const std::string& state) {
  return state == "failed" || state == "cancelled" || state == "rejected" || state == "superseded" ||
         state == "withdrawn";
}
bool is_underway(const std::string& state) {
  return !is_stop(state) && state != "succeeded" && state != "pending" && state != "held" && state != "not_reached";
}

std::string words(std::int64_t change, const Place& place) {
  if (place.state == "pending") return fmt::format("#{} waits for approval at {}", change, place.stage);
  if (place.state == "not_reached") return fmt::format("#{} has not reached {}", change, place.stage);
  const bool verb = place.state == "succeeded" || place.state == "failed";
  return fmt::format("#{} {}{} at {}", change, verb ? "" : "is ", place.state, place.stage);
}

}  // namespace

Verdict judge(const boost::json::value& change, const std::string& stage, const std::string& what) {
  const auto number = number_at(change, "number");
  std::vector<Place> places;
  for (const auto& item : list_at(change, "stages"))
    if (!true_at(item, "deleted"))
      places.push_back({text_at(item, "stage"), text_at(item, "state"), text_at(item, "deployment")});
  if (places.empty()) return {Came::never, fmt::format("#{} can go nowhere: the stack has no stage", number), ""};

  std::size_t target = places.size() - 1;
  if (!stage.empty()) {
    for (target = 0; target < places.size() && places[target].stage != stage; ++target) {
    }
    if (target == places.size()) return {Came::never, fmt::format("the stack has no stage {}", stage), ""};
  }
  // The farthest stage up to the target that the change has reached: there it stands.
  std::size_t farthest = target;
  while (farthest > 0 && places[farthest].state == "not_reached") --farthest;
  const Place& stands = places[farthest];
  bool underway = false;
  for (const auto& place : places) underway = underway || is_underway(place.state);

  if (what == "approval") {
    for (std::size_t i = stage.empty() ? 0 : target; i <= target; ++i)
      if (places[i].state == "pending") return {Came::yes, words(number, places[i]), ""};
    if (is_stop(stands.state) || (farthest == target && stands.state == "succeeded"))
      return {Came::never, words(number, stands) + " and asks for no approval", stands.deployment};
    return {Came::not_yet, words(number, stands), ""};
  }
  if (what == "end") {
    const bool rests = stage.empty() ? !underway && stands.state != "not_reached"
                                     : is_stop(stands.state) || (farthest == target && stands.state == "succeeded");
    return {rests ? Came::yes : Came::not_yet, words(number, stands), ""};
  }
  if (is_stop(stands.state)) return {Came::never, words(number, stands), stands.deployment};
  if (farthest == target && stands.state == "succeeded") return {Came::yes, words(number, stands), ""};
  return {Came::not_yet, words(number, stands), ""};
}

}  // namespace sluice::cli
