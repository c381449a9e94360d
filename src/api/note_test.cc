#include <gtest/gtest.h>

#include "api/views.h"

namespace sluice::api {
namespace {

std::string note_of(const pipeline::Deployment& active) {
  json::object view;
  set_note(view, active);
  return view.contains("note") ? std::string(view.at("note").as_string()) : "";
}

TEST(Note, R9_4_a_deployment_that_is_about_to_fail_says_why_and_what_it_waits_for) {
  pipeline::Deployment active;
  EXPECT_EQ(note_of(active), "");
  active.wait = pipeline::Wait{"waiting: the region eu is out of reach"};
  EXPECT_EQ(note_of(active), "waiting: the region eu is out of reach");
  active.ending = pipeline::Ending{pipeline::DeploymentState::cancelled, "not this one", {}, {}};
  EXPECT_EQ(note_of(active), "waiting: the region eu is out of reach");
  active.ending->end = pipeline::DeploymentState::failed;
  active.ending->reason = "releasing gave up after 10m";
  EXPECT_EQ(note_of(active),
            "releasing gave up after 10m; what it began is not gone yet: waiting: the region eu is out of reach");
  active.wait.reset();
  EXPECT_EQ(note_of(active), "releasing gave up after 10m");
}

}  // namespace
}  // namespace sluice::api
