#include "cli/usage_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::cli {
namespace {
using testing::HasSubstr;
using testing::Not;

TEST(UsageView, bars_show_that_there_was_something) {
  EXPECT_EQ(bars({0, 0.001, 4, 8}, 8), " ▁▄█");
  EXPECT_EQ(bars({0, 0}, 0), "  ");
}

TEST(UsageView, top_shows_the_busiest_first_and_who_is_idle) {
  const auto stages = boost::json::parse(R"([
    {"stack": "shop", "stage": "dev", "now": {"instances": 1, "cpu": 0.0, "memory": 31457280},
     "hour": {"requests": 0, "server_errors": 0, "instance_hours": 1.0}},
    {"stack": "shop", "stage": "off", "now": {"instances": 0, "cpu": 0.0, "memory": 0},
     "hour": {"requests": 0, "server_errors": 0, "instance_hours": 0}},
    {"stack": "shop", "stage": "prod", "now": {"instances": 2, "cpu": 0.354, "memory": 432013312},
     "hour": {"requests": 1200, "server_errors": 3, "p50": 12.0, "p95": 45.5, "p99": 1200, "instance_hours": 2}}])")
                          .as_array();
  EXPECT_EQ(top_text(stages, {}),
            "STAGE      INSTANCES  CPU   MEMORY  REQUESTS  P50    P95    P99    5XX\n"
            "shop/prod  2          0.35  412 MB  1200      12 ms  46 ms  1.2 s  0.25 %\n"
            "shop/dev   1          0.00  30 MB   0         –      –      –      –       idle for an hour\n"
            "shop/off   0          –     –       0         –      –      –      –\n"
            "instances, CPU (of one processor) and memory now; the rest in the last hour\n");
  EXPECT_THAT(top_text({}, {}), HasSubstr("no stages yet"));
}

constexpr const char* kUsage = R"({
  "stack": "shop", "stage": "prod", "since": "2026-02-02T12:00:00.000Z", "until": "2026-02-03T12:00:00.000Z",
  "step": 300, "now": {"instances": 2, "cpu": 0.2, "memory": 104857600},
  "totals": {"requests": 30, "client_errors": 4, "server_errors": 1, "p50": 10, "p95": 20, "p99": 30,
             "memory_peak": 209715200, "cpu_hours": 1, "instance_hours": 48.04, "idle_instance_hours": 30.0, "gb_hours": 9.36},
  "points": [
    {"at": "2026-02-02T12:00:00.000Z", "instances": 2, "cpu": 0.1, "memory": 1, "memory_peak": 1, "requests": 10,
     "client_errors": 4, "server_errors": 0, "p95": 20},
    {"at": "2026-02-03T11:55:00.000Z", "instances": 2, "cpu": 0.4, "memory": 1, "memory_peak": 1, "requests": 20,
     "client_errors": 0, "server_errors": 1, "p95": 10}],
  "deployments": [{"deployment": "dep_1", "change": 7, "kind": "flow", "state": "succeeded", "at": "2026-02-02T12:10:00.000Z"},
                  {"deployment": "dep_2", "change": 8, "kind": "flow", "state": "failed", "at": "2026-02-03T11:59:00.000Z"}]})";

TEST(UsageView, a_stage_is_a_line_of_bars_for_each_figure) {
  const auto text = usage_text(boost::json::parse(kUsage), {});
  EXPECT_THAT(text, HasSubstr("shop/prod, the last 1d; a column is 30m\n"));
  EXPECT_THAT(text, HasSubstr("CPU        ▂" + std::string(46, ' ') + "█  0.20 now, 0.40 at most\n"));
  EXPECT_THAT(text, HasSubstr("requests   ▄" + std::string(46, ' ') + "█  30 in all, 4 answered 4xx\n"));
  EXPECT_THAT(text, HasSubstr("p50 10 ms, p95 20 ms, p99 30 ms\n"));
  EXPECT_THAT(text, HasSubstr("deployed   ▲" + std::string(46, ' ') + "✗  2 times, the last #8, which failed\n"));
  EXPECT_THAT(text, HasSubstr("48.0 instance hours, 9.4 GB hours; idle of these: 30.0 instance hours (no request"));
}

TEST(UsageView, a_cost_is_shown_where_there_are_prices) {
  auto usage = boost::json::parse(kUsage);
  usage.at("totals").as_object()["cost"] = boost::json::object{{"currency", "EUR"}, {"amount", 12.5}, {"idle", 0.25}};
  EXPECT_THAT(usage_text(usage, {}),
              HasSubstr("9.4 GB hours, EUR 12.50; idle of these: 30.0 instance hours, EUR 0.2500"));
  EXPECT_THAT(prices_text(boost::json::parse("{}")), HasSubstr("no prices"));
  EXPECT_EQ(prices_text(boost::json::parse(R"({"currency": "EUR", "instance_hour": 0.01, "gb_hour": 0.0})")),
            "EUR 0.01 an instance hour, EUR 0 a GB hour\n");
}

TEST(UsageView, a_stage_that_used_nothing_says_so) {
  auto usage = boost::json::parse(kUsage);
  usage.at("points").as_array().clear();
  EXPECT_EQ(usage_text(usage, {}), "shop/prod ran nothing and was asked for nothing in the last 1d\n");
}

}  // namespace
}  // namespace sluice::cli
