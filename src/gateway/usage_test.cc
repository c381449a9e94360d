#include "gateway/usage.h"

#include <gtest/gtest.h>

#include "gateway/test_gateway.h"

namespace sluice::gateway {
namespace {

std::map<std::string, Counted> of(std::int64_t open, std::int64_t requests, std::optional<Duration> began = {}) {
  return {{"stg_1.a", {open, requests, began}}, {"stg_1.b", {}}, {"stg_1.clients", {9, 9, 0s}}, {"next", {1, 1, 0s}}};
}

TEST(Usage, idle_is_what_was_seen_and_no_reload_or_restart_makes_it_more) {
  Usage usage;
  const auto begin = std::chrono::steady_clock::now();
  auto look = [&](Duration after, const std::map<std::string, Counted>& seen) {
    return usage.look(seen, begin + after).at("stg_1");
  };
  EXPECT_EQ(look(1s, of(0, 5, 700ms)).idle, 700ms) << "HAProxy knows it still";
  EXPECT_EQ(look(2s, of(0, 5, 1s)).requests, 0);
  EXPECT_EQ(look(10s, of(0, 6, 3s)).idle, 0s) << "it may have just ended";
  EXPECT_EQ(look(15s, of(0, 6, 8s)).idle, 5s);
  EXPECT_EQ(look(20s, of(1, 7, 5s)).open, 1);
  EXPECT_EQ(look(90s, of(1, 7, 75s)).idle, 0s) << "a WebSocket is open";
  EXPECT_EQ(look(100s, of(0, 7, 85s)).idle, 10s);
  EXPECT_EQ(look(110s, of(0, 0)).idle, 20s) << "after a reload";
  EXPECT_EQ(look(120s, of(0, 1, 9s)).requests, 3);
  EXPECT_EQ(usage.look({}, begin + 130s).size(), 0U);
}

TEST(Usage, of_a_route_that_nobody_asked_for_is_since_the_gateway_was_opened) {
  Usage usage;
  const auto idle = usage.look(of(0, 0), std::chrono::steady_clock::now() + 60s).at("stg_1").idle;
  EXPECT_GE(idle, 59s);
  EXPECT_LE(idle, 61s);
}

TEST(Usage, reads_nothing_from_what_is_no_table) {
  EXPECT_TRUE(read_counted("").empty());
  EXPECT_TRUE(read_counted("Unknown command\n# pxname\nx,1,2\n").empty());
  EXPECT_TRUE(read_counted("# pxname,scur\nx,1").empty());
  EXPECT_TRUE(read_counted("# pxname,scur,stot,lastsess,\nstg_1.a,2,30,4,\n").at("stg_1.a").open == 2);
}

TEST_F(GatewayTest, open_requests_are_seen_also_in_a_worker_that_was_replaced) {
  Upstream slow("slow"), fast("fast");
  route("a", {slow.server()});
  auto use = [&] {
    auto all = gateway_->usage();
    return all && all->contains("stg_1") ? all->at("stg_1") : Use{-1, -1, {}};
  };
  EXPECT_EQ(use().open, 0);
  EXPECT_EQ(ask("dev.shop.localhost"), "slow");
  EXPECT_EQ(use().requests, 1);
  slow.hold(true);
  std::string answer;
  std::jthread visitor([&] { answer = ask("dev.shop.localhost"); });
  EXPECT_TRUE(eventually([&] { return use().open == 1; }));
  route("x", {fast.server()}, "stg_2", "other.shop.localhost");  // a reload
  EXPECT_EQ(use().open, 1);
  EXPECT_EQ(use().idle, 0s);
  slow.hold(false);
  visitor.join();
  EXPECT_TRUE(eventually([&] { return use().open == 0; }));
  EXPECT_LT(use().idle, 5s);
  EXPECT_EQ(use().requests, 2);
}

}  // namespace
}  // namespace sluice::gateway
