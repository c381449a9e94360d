#include "api/test_house.h"

// What stages use, as the API tells it.
namespace sluice::api {
namespace {

using namespace std::chrono_literals;

class UsageTest : public testing::Test {
 protected:
  void SetUp() override {
    house_.make("shop", {"dev", "prod"});
    dev_ = house_.conductor().snapshot("shop")->stages[0].id.value;
    house_.probe.logs = {house_.folder() / "access"};
    house_.probe.moment.wall -= 30min;  // so that the clock of the server is past all that follows
    house_.metrics().look();
  }
  // Two instances, a request every ten seconds, half of them errors at first.
  void live(Duration time) {
    house_.probe.there = {{dev_, 7, 1h, cpu_, 1 << 20}, {dev_, 8, 1h, cpu_, 1 << 20}};
    for (auto passed = 0ms; passed < time; passed += 10s) {
      log_.request(house_.probe.moment.wall + 1s, dev_, passed % 20s == 0ms ? 200 : 503, 40);
      house_.probe.pass(10s);
      for (auto& instance : house_.probe.there) instance.cpu_us = cpu_ += 500'000;
      house_.metrics().look();
    }
  }
  House house_;
  std::string dev_;
  std::uint64_t cpu_ = 0;
  metrics::TestLog log_{house_.folder() / "access"};
};

TEST_F(UsageTest, tells_a_stage_over_time_with_totals_and_now) {
  live(10min);
  const auto got = house_.get("/stacks/shop/stages/dev/usage");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.num("step"), 10);
  const auto& now = got.object().at("now").as_object();
  EXPECT_EQ(now.at("instances").to_number<int>(), 2);
  EXPECT_EQ(now.at("memory").to_number<std::int64_t>(), std::int64_t{2} << 30);
  EXPECT_NEAR(now.at("cpu").to_number<double>(), 0.15, 0.06);
  const auto& points = got.object().at("points").as_array();
  ASSERT_GE(points.size(), 60u);
  const auto& point = points[30].as_object();
  EXPECT_EQ(point.at("instances").to_number<double>(), 2);
  EXPECT_EQ(point.at("p99").to_number<double>(), 40.5);
  const auto& totals = got.object().at("totals").as_object();
  EXPECT_EQ(totals.at("requests").to_number<int>(), 60);
  EXPECT_EQ(totals.at("server_errors").to_number<int>(), 30);
  EXPECT_NEAR(totals.at("instance_hours").to_number<double>(), 2.0 / 6, 0.001);
  EXPECT_NEAR(totals.at("gb_hours").to_number<double>(), 2.0 / 6, 0.001);
  EXPECT_FALSE(totals.contains("cost"));
}

TEST_F(UsageTest, a_long_time_comes_in_few_points) {
  live(10min);
  const auto got = house_.get("/stacks/shop/stages/dev/usage?since=30d");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.num("step"), 150 * 60);
  EXPECT_LE(got.object().at("points").as_array().size(), 2u);
  EXPECT_EQ(got.object().at("totals").as_object().at("requests").to_number<int>(), 60);
}

TEST_F(UsageTest, marks_deployments_that_ended_within) {
  ASSERT_EQ(house_.push("shop", "one"), 1);
  ASSERT_TRUE(house_.until_serves("shop", "dev", 1));
  const auto got = house_.get("/stacks/shop/stages/dev/usage?since=1h");
  ASSERT_EQ(got.status, 200) << got.text;
  const auto& marks = got.object().at("deployments").as_array();
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks[0].at("change").to_number<int>(), 1);
  EXPECT_EQ(marks[0].at("state").as_string(), "succeeded");
  EXPECT_TRUE(house_.get("/stacks/shop/stages/dev/usage?since=2025-12-31T00:00:00Z&until=2026-01-01T00:00:00Z")
                  .object()
                  .at("deployments")
                  .as_array()
                  .empty());
}

TEST_F(UsageTest, refuses_what_is_no_time_and_what_is_not_kept) {
  for (const char* query : {"since=yesterday", "since=32d", "until=1h", "since=2099-01-01T00:00:00Z", "from=1h"}) {
    const auto got = house_.get(std::string("/stacks/shop/stages/dev/usage?") + query);
    EXPECT_EQ(got.status, 400) << query << got.text;
  }
  EXPECT_EQ(house_.get("/stacks/shop/stages/none/usage").status, 404);
  EXPECT_EQ(house_.get("/usage?stack=none").status, 404);
}

TEST_F(UsageTest, lists_every_stage_a_page_at_a_time) {
  house_.make("blog", {"live"});
  live(1min);
  const auto all = house_.get("/usage");
  ASSERT_EQ(all.status, 200) << all.text;
  ASSERT_EQ(all.items().size(), 3u);
  EXPECT_EQ(all.items()[0].at("stack").as_string(), "blog");
  EXPECT_EQ(all.items()[1].at("stage").as_string(), "dev");
  EXPECT_EQ(all.items()[1].at("hour").at("requests").to_number<int>(), 6);
  EXPECT_EQ(all.items()[2].at("now").at("instances").to_number<int>(), 0);
  EXPECT_EQ(house_.get("/usage?stack=shop").items().size(), 2u);

  std::string names;
  std::string after;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = house_.get("/usage?limit=1" + (after.empty() ? "" : "&after=" + after));
    ASSERT_EQ(page.status, 200) << page.text;
    names += std::string(page.items().at(0).at("stage").as_string()) + " ";
    after = page.str("next");
    if (after.empty()) break;
  }
  EXPECT_EQ(names, "live dev prod ");
}

TEST_F(UsageTest, hours_are_reckoned_at_prices_of_ones_own) {
  live(10min);
  EXPECT_TRUE(house_.get("/prices").object().empty());
  EXPECT_EQ(
      house_.call("PUT", "/prices", R"({"currency": "EUR", "instance_hour": 3})", pipeline::Role::developer).status,
      403);
  const auto set = house_.call("PUT", "/prices", R"({"currency": "EUR", "instance_hour": 3, "gb_hour": 0.5})");
  ASSERT_EQ(set.status, 200) << set.text;
  EXPECT_EQ(house_.get("/prices").str("currency"), "EUR");
  const auto cost = [&] { return house_.get("/stacks/shop/stages/dev/usage").object().at("totals").as_object(); };
  EXPECT_NEAR(cost().at("cost").at("amount").to_number<double>(), 1.0 + 0.5 / 3, 0.01);
  EXPECT_EQ(cost().at("cost").at("idle").to_number<double>(), 0);
  ASSERT_EQ(house_.call("PUT", "/prices", "{}").status, 200);
  EXPECT_FALSE(cost().contains("cost"));
}

TEST_F(UsageTest, a_price_is_an_amount_in_a_currency) {
  for (const char* body : {R"({"instance_hour": 1})", R"({"currency": "EUR"})", R"({"currency": "EUR", "gb_hour": -1})",
                           R"({"currency": "EUR", "gb_hour": "1"})", R"({"currency": "E R", "gb_hour": 1})",
                           R"({"currency": "EUR", "gb_hour": 1e9})", R"({"currency": "EUR", "hour": 1})"}) {
    const auto got = house_.call("PUT", "/prices", body);
    EXPECT_EQ(got.status, 400) << body << got.text;
  }
  EXPECT_TRUE(house_.get("/prices").object().empty());
}

TEST_F(UsageTest, instances_that_nobody_asks_are_idle) {
  house_.probe.there = {{dev_, 7, 1h, 0, 1024}};
  house_.metrics().look();
  house_.probe.pass(30min);
  house_.metrics().look();
  const auto totals = house_.get("/stacks/shop/stages/dev/usage").object().at("totals").as_object();
  EXPECT_NEAR(totals.at("instance_hours").to_number<double>(), 0.5, 0.001);
  EXPECT_NEAR(totals.at("idle_instance_hours").to_number<double>(), 0.5, 0.001);
}

TEST_F(UsageTest, prometheus_reads_them_too) {
  live(1min);
  http::Request request;
  request.method = "GET";
  request.target = "/metrics";
  request.headers.set("Authorization", "Bearer " + house_.token(pipeline::Role::viewer));
  const auto text = house_.send(request).text;
  for (const char* line : {"sluice_stage_instances{stack=\"shop\",stage=\"dev\"} 2\n",
                           "sluice_stage_memory_bytes{stack=\"shop\",stage=\"dev\"} 2147483648\n",
                           "sluice_stage_requests_total{stack=\"shop\",stage=\"dev\",status=\"5xx\"} 3\n",
                           "sluice_stage_first_byte_seconds_bucket{stack=\"shop\",stage=\"dev\",le=\"0.025\"} 0\n",
                           "sluice_stage_first_byte_seconds_bucket{stack=\"shop\",stage=\"dev\",le=\"0.05\"} 6\n",
                           "sluice_stage_first_byte_seconds_count{stack=\"shop\",stage=\"dev\"} 6\n",
                           "sluice_deployments_active{state=\"building\"} 0\n", "process_cpu_seconds_total "})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  EXPECT_EQ(text.find("stage=\"prod\""), std::string::npos) << "a stage that used nothing";
}

}  // namespace
}  // namespace sluice::api
