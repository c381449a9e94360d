#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "cli/findings_view.h"
#include "cli/pipeline_view.h"
#include "cli/verdict.h"

namespace sluice::cli {
namespace {
using testing::HasSubstr;
using testing::Not;

const Time kNow = from_rfc3339("2026-02-03T12:00:00.000Z").value();

boost::json::array stages() {
  return boost::json::parse(R"([
    {"name": "dev", "state": "deploying", "url": "http://dev.shop.localhost:8080", "paused": false,
     "current": {"change": 8, "commit": "aaaaaaaaaabbbb", "message": "add a basket", "since": "2026-02-03T11:58:00.000Z"},
     "active": {"change": 9, "kind": "flow", "state": "starting", "since": "2026-02-03T11:59:57.000Z"}},
    {"name": "prod", "state": "failed", "url": "http://prod.shop.localhost:8080", "paused": true,
     "current": {"change": 6, "commit": "0123456789", "message": "größer", "since": "2026-01-31T12:00:00.000Z"},
     "held": {"change": 8, "since": "2026-02-03T11:58:00.000Z"},
     "approval": {"change": 7, "state": "pending", "since": "2026-02-03T10:00:00.000Z"},
     "last": {"change": 7, "state": "failed", "error": "no answer on / within 60s\nlog\u001b[2J"}},
    {"name": "eu", "state": "empty", "url": "http://eu.shop.localhost:8080", "paused": false}])")
      .as_array();
}

TEST(Findings, are_shown_with_their_remedies_and_what_is_well_is_counted) {
  const auto found = boost::json::parse(R"([
    {"id": "space", "severity": "problem", "title": "Free space", "detail": "0.1 GB are free.", "remedy": "Make room."},
    {"id": "names", "severity": "warning", "title": "Names", "detail": "Not\u001b here.", "remedy": "Look."},
    {"id": "clock", "severity": "ok", "title": "Clock", "detail": "It is right.", "remedy": ""}])")
                         .as_array();
  EXPECT_EQ(findings_text(found, {}),
            "✗ problem Free space\n  0.1 GB are free.\n  → Make room.\n\n"
            "! warning Names\n  Not? here.\n  → Look.\n\n"
            "3 things looked at: 1 problem, 1 warning.\n");
  EXPECT_EQ(findings_text({found[2]}, {}), "1 thing looked at: 0 problems, 0 warnings.\n");
  EXPECT_EQ(findings_of(found, "problem"), 1u);
}

TEST(Stacks, are_a_line_each_with_what_came_last) {
  const auto stacks = boost::json::parse(R"([
    {"name": "shop", "repository": {"kind": "hosted", "branch": "main"}, "git_url": "http://h/git/shop.git",
     "newest": {"change": 12, "commit": "aaaaaaaaaabbbb", "message": "add a\u001b basket",
                "author": {"name": "Ann", "email": "ann@example.org"}, "at": "2026-02-03T11:58:00.000Z"}},
    {"name": "bare", "repository": {"kind": "hosted", "branch": "trunk"}, "git_url": "http://h/git/bare.git"}])")
                          .as_array();
  EXPECT_EQ(stacks_text(stacks, kNow, {}),
            "STACK  BRANCH       NEWEST         BY   AGE  REPOSITORY\n"
            "shop   main    #12  add a? basket  Ann  2m   http://h/git/shop.git\n"
            "bare   trunk                                 http://h/git/bare.git\n");
  EXPECT_EQ(stacks_text({}, kNow, {}), "no stacks yet; make one: sluice stack create NAME\n");
}

TEST(Status, is_one_line_a_stage_with_what_waits_beside_it) {
  EXPECT_EQ(pipeline_text(stages(), kNow, {}),
            "dev   ◐ deploying  #8  aaaaaaa  add a basket  2m  http://dev.shop.localhost:8080   #9 starting since 3s\n"
            "prod  ✗ failed     #6  0123456  größer        3d  http://prod.shop.localhost:8080  paused; approval "
            "pending: #7 since 2h; "
            "held: #8 since 2m; #7 failed: no answer on / within 60s\n"
            "eu    ○ empty                                     http://eu.shop.localhost:8080\n");
}

std::size_t widest(const std::string& text) {
  std::size_t out = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out = std::max(out, width(line));
  return out;
}
Screen columns(std::size_t count) {
  Screen out;
  out.terminal = true;
  out.columns = count;
  return out;
}

TEST(Status, colours_only_when_asked) {
  EXPECT_EQ(pipeline_text(stages(), kNow, {}).find('\x1b'), std::string::npos);
  Screen colourful;
  colourful.terminal = colourful.colour = true;
  EXPECT_THAT(pipeline_text(stages(), kNow, colourful), HasSubstr("\x1b[36m◐ deploying\x1b[0m"));
}

TEST(Status, fits_a_narrow_terminal_with_what_has_no_room_below_its_stage) {
  EXPECT_EQ(pipeline_text(stages(), kNow, columns(80)),
            "dev   ◐ deploying  #8  aaaaaaa  add a bask…  2m  http://dev.shop.localhost:8080\n"
            "    #9 starting since 3s\n"
            "prod  ✗ failed     #6  0123456  größer       3d  http://prod.shop.localhost:8080\n"
            "    paused; approval pending: #7 since 2h; held: #8 since 2m; #7 failed: no ans…\n"
            "eu    ○ empty                                    http://eu.shop.localhost:8080\n");
  EXPECT_EQ(pipeline_text(stages(), kNow, columns(40), "  "),
            "  dev   ◐ deploying  #8  aaaaaaa  2m\n"
            "      http://dev.shop.localhost:8080\n"
            "      #9 starting since 3s\n"
            "  prod  ✗ failed     #6  0123456  3d\n"
            "      http://prod.shop.localhost:8080\n"
            "      paused; approval pending: #7 sinc…\n"
            "  eu    ○ empty\n"
            "      http://eu.shop.localhost:8080\n");
  auto named = stages();
  named[2].as_object()["name"] = "a-stage-with-a-long-name-of-32-c";
  for (std::size_t count = 32; count < 240; ++count) {
    const auto text = pipeline_text(named, kNow, columns(count), "  ");
    EXPECT_LE(widest(text), count) << text;
  }
}

TEST(Status, says_so_when_there_is_no_stage) { EXPECT_EQ(pipeline_text({}, kNow, {}), "no stages\n"); }

TEST(Shipment, shows_the_commits_the_direction_and_the_settings) {
  const auto approval = boost::json::parse(R"({"change": 9, "from": {"change": 6}, "direction": "sideways", "total": 3,
    "commits": [{"commit": "aaaaaaaaaa", "message": "one\nmore", "author": {"name": "Ann"}, "at": "2026-02-03T11:00:00.000Z"}],
    "settings": ["runtime/KEY"], "previous": {"stage": "dev", "instances": 0, "current": false, "serves": 5}})");
  const auto text = shipment_text(approval, "shop", "prod", kNow, {});
  EXPECT_THAT(text, HasSubstr("prod of shop gets #9 in place of #6; history goes SIDEWAYS"));
  EXPECT_THAT(text, HasSubstr("  aaaaaaa  one  Ann  1h\n"));
  EXPECT_THAT(text, HasSubstr("and 2 more"));
  EXPECT_THAT(text, HasSubstr("runtime/KEY"));
  EXPECT_THAT(text, HasSubstr("dev ran it at 0 instances"));
  EXPECT_THAT(text, HasSubstr("dev does not run it any more: it serves #5 now"));
}

TEST(Deployments, say_where_an_artifact_was_reused) {
  const auto list = boost::json::parse(R"([
    {"id": "dep_3", "stage": "prod", "change": 9, "kind": "flow", "state": "building", "by": "git", "built": false},
    {"id": "dep_2", "stage": "prod", "change": 8, "kind": "flow", "state": "succeeded", "by": "ann", "built": false,
     "artifact": "sha256-8", "queued_at": "2026-02-03T11:00:00.000Z",
     "started_at": "2026-02-03T11:00:00.000Z", "ended_at": "2026-02-03T11:00:02.000Z"},
    {"id": "dep_1", "stage": "dev", "change": 8, "kind": "flow", "state": "failed", "by": "git", "built": true,
     "artifact": "sha256-8", "queued_at": "2026-02-03T11:00:00.000Z", "error": "no answer"}])")
                        .as_array();
  EXPECT_EQ(deployments_text(list, kNow, {}),
            "DEPLOYMENT  STAGE  CHANGE  KIND  STATE      BY   QUEUED  TOOK  ARTIFACT  ERROR\n"
            "dep_3       prod   #9      flow  building   git\n"
            "dep_2       prod   #8      flow  succeeded  ann  1h      2s    (reused)\n"
            "dep_1       dev    #8      flow  failed     git  1h                      no answer\n");
  EXPECT_THAT(deployment_text(list[1], kNow, {}), HasSubstr("sha256-8 (reused)"));
  EXPECT_THAT(deployment_text(list[2], kNow, {}), HasSubstr("sha256-8 (built here)"));
  EXPECT_THAT(deployments_text({list[0], list[2]}, kNow, {}), Not(HasSubstr("ARTIFACT")));
}

boost::json::value change(const std::string& dev, const std::string& test, const std::string& prod) {
  return boost::json::object{
      {"number", 7},
      {"stages", boost::json::array{boost::json::object{{"stage", "dev"}, {"state", dev}, {"deployment", "dep_1"}},
                                    boost::json::object{{"stage", "test"}, {"state", test}},
                                    boost::json::object{{"stage", "prod"}, {"state", prod}}}}};
}

TEST(Wait, for_success_without_a_stage_means_the_last_one) {
  EXPECT_EQ(judge(change("succeeded", "succeeded", "succeeded"), "", "success").came, Came::yes);
  EXPECT_EQ(judge(change("succeeded", "succeeded", "pending"), "", "success").came, Came::not_yet);
  EXPECT_EQ(judge(change("succeeded", "not_reached", "not_reached"), "dev", "success").came, Came::yes);
}

TEST(Wait, ends_when_the_change_can_come_no_further) {
  const auto verdict = judge(change("failed", "not_reached", "not_reached"), "prod", "success");
  EXPECT_EQ(verdict.came, Came::never);
  EXPECT_EQ(verdict.sentence, "#7 failed at dev");
  EXPECT_EQ(verdict.deployment, "dep_1");
  for (const char* stop : {"cancelled", "rejected", "superseded", "withdrawn"})
    EXPECT_EQ(judge(change("succeeded", stop, "not_reached"), "prod", "success").came, Came::never) << stop;
  // A failure behind it is no concern of a change that went on.
  EXPECT_EQ(judge(change("failed", "succeeded", "building"), "prod", "success").came, Came::not_yet);
  EXPECT_EQ(judge(change("succeeded", "failed", "not_reached"), "dev", "success").came, Came::yes);
  EXPECT_EQ(judge(change("succeeded", "building", "not_reached"), "nowhere", "success").came, Came::never);
}

TEST(Wait, for_the_end_is_content_with_rest_of_any_kind) {
  EXPECT_EQ(judge(change("failed", "not_reached", "not_reached"), "", "end").came, Came::yes);
  EXPECT_EQ(judge(change("succeeded", "pending", "not_reached"), "", "end").came, Came::yes);
  EXPECT_EQ(judge(change("succeeded", "queued", "not_reached"), "", "end").came, Came::not_yet);
  EXPECT_EQ(judge(change("queued", "not_reached", "not_reached"), "", "end").came, Came::not_yet);
  EXPECT_EQ(judge(change("succeeded", "cancelling", "not_reached"), "test", "end").came, Came::not_yet);
  EXPECT_EQ(judge(change("succeeded", "failed", "not_reached"), "prod", "end").came, Came::yes);
}

TEST(Wait, for_an_approval) {
  EXPECT_EQ(judge(change("succeeded", "pending", "not_reached"), "", "approval").came, Came::yes);
  EXPECT_EQ(judge(change("succeeded", "pending", "not_reached"), "prod", "approval").came, Came::not_yet);
  EXPECT_EQ(judge(change("building", "not_reached", "not_reached"), "prod", "approval").came, Came::not_yet);
  EXPECT_EQ(judge(change("failed", "not_reached", "not_reached"), "prod", "approval").came, Came::never);
  EXPECT_EQ(judge(change("succeeded", "succeeded", "succeeded"), "", "approval").came, Came::never);
}

}  // namespace
}  // namespace sluice::cli
