#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"
#include "gateway/socket.h"
#include "gateway/test_gateway.h"

// A policy comes with its set: the other one keeps its own, nobody is turned away meanwhile, and a server or gateway
// that dies in between changes nothing.
namespace sluice::gateway {
namespace {

std::vector<Policy> all_kinds() {
  Policy plain, limited, cached, balanced;
  limited.rate = 10'000;
  limited.burst = 1'000'000;
  limited.body_limit = 1'000;
  limited.time_limit = 30;
  cached.caching = Caching{60, {}};
  balanced.endpoint = Endpoint::load_balancer;
  balanced.sticky = true;
  return {plain, limited, cached, balanced};
}

TEST_F(GatewayTest, R3_4_switching_between_policies_under_load_fails_no_request) {
  std::atomic<int> failed = 0, answers = 0;
  std::atomic<bool> done = false;
  auto serve = [](const std::string& name) { return std::make_unique<Upstream>(name); };
  std::vector<std::unique_ptr<Upstream>> versions;
  versions.push_back(serve("0"));
  deploy("v0", {versions[0]->server(0)}, Policy{});
  std::vector<std::jthread> visitors;
  for (int i = 0; i < 6; ++i) {
    visitors.emplace_back([&, i] {
      Visitor visitor(gateway_->port());
      while (!done) {
        if (visitor.ask("dev.shop.localhost").rfind("HTTP/1.1 200", 0) == 0) {
          ++answers;
        } else {
          ++failed;
        }
        if (i > 2) std::this_thread::sleep_for(20ms * i);  // idle when HAProxy is reloaded
      }
    });
  }
  const auto kinds = all_kinds();
  for (int number = 1; number <= 12; ++number) {
    versions.push_back(serve(std::to_string(number)));
    const auto old = versions[static_cast<std::size_t>(number) - 1]->server();
    deploy("v" + std::to_string(number), {versions.back()->server(0)},
           kinds[static_cast<std::size_t>(number) % kinds.size()]);
    EXPECT_EQ(ask("dev.shop.localhost"), std::to_string(number));
    ASSERT_TRUE(gateway_->withdraw("stg_1", {old.name}));
    ASSERT_TRUE(eventually([&] { return gateway_->in_flight("stg_1", {old.name}).value_or(1) == 0; }));
    ASSERT_TRUE(gateway_->forget("stg_1", {old.name}));
    versions[static_cast<std::size_t>(number) - 1].reset();
    auto begun = answers.load();
    EXPECT_TRUE(eventually([&] { return answers > begun + 20; }));
  }
  done = true;
  visitors.clear();
  EXPECT_EQ(failed, 0) << "of " << answers;
}

TEST_F(GatewayTest, R3_4_a_connection_that_was_kept_over_a_reload_is_answered_by_what_serves_now) {
  auto one = std::make_unique<Upstream>("one");
  Upstream two("two", [](const std::string& request) { return Answer{"two " + request, "", "200 OK"}; });
  deploy("x", {one->server()}, Policy{});
  Visitor waits(gateway_->port());
  EXPECT_NE(waits.ask("dev.shop.localhost").find("one"), std::string::npos);
  auto before = generation();
  deploy("y", {two.server()}, all_kinds()[1]);
  EXPECT_NE(generation(), before);
  ASSERT_TRUE(gateway_->withdraw("stg_1", {one->server().name}));
  ASSERT_TRUE(gateway_->forget("stg_1", {one->server().name}));
  one.reset();
  auto answer = waits.ask("dev.shop.localhost", "/kept", "X-Forwarded-For: 9.9.9.9\r\n");
  EXPECT_NE(answer.find("two"), std::string::npos) << answer;
  EXPECT_NE(answer.find("x-forwarded-for: 127.0.0.1\r\n"), std::string::npos) << "the visitor's";
  auto lines = [&] {
    auto log = read_file(gateway_->folder() / "log").value_or("");
    return log.find("/kept") == std::string::npos ? 0 : log.find("/kept") == log.rfind("/kept") ? 1 : 2;
  };
  EXPECT_TRUE(eventually([&] { return lines() == 1; }));
}

TEST_F(GatewayTest, R3_4_a_server_that_died_is_not_deleted_under_a_request_that_waits_to_be_tried_again) {
  auto one = std::make_unique<Upstream>("one");
  Upstream two("two");
  const auto dead = one->server();
  deploy("x", {dead}, Policy{});
  ASSERT_TRUE(gateway_->place("stg_1", "y", {two.server()}, 5s));
  const Socket socket(gateway_->folder());
  auto waits = [&] { return socket.ask("show sess").value_or("").find(" be=stg_1.a ") != std::string::npos; };
  one.reset();
  std::string answer;
  std::jthread visitor([&] { answer = ask("dev.shop.localhost"); });
  ASSERT_TRUE(eventually(waits));
  ASSERT_TRUE(gateway_->show("stg_1", "y"));
  ASSERT_TRUE(gateway_->withdraw("stg_1", {dead.name}));
  ASSERT_TRUE(gateway_->forget("stg_1", {dead.name}));
  EXPECT_FALSE(waits()) << "the server it waits for is gone";
  EXPECT_EQ(socket.ask("show servers state").value_or(dead.name).find(dead.name), std::string::npos);
  visitor.join();
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
}

TEST_F(GatewayTest, R3_4_a_request_that_waits_to_be_tried_again_is_under_way_also_in_a_worker_that_was_replaced) {
  auto one = std::make_unique<Upstream>("one");
  Upstream two("two");
  const std::vector<Server> servers{one->server(), two.server()};
  const std::vector<std::string> names{servers[0].name, servers[1].name};
  const auto under_way = [&] { return gateway_->in_flight("stg_1", names).value_or(-1); };
  deploy("x", {servers[0]}, Policy{});
  one.reset();
  std::string answer;
  std::jthread visitor([&] { answer = ask("dev.shop.localhost"); });
  ASSERT_TRUE(eventually([&] { return under_way() == 1; }));
  two.hold(true);
  ASSERT_TRUE(gateway_->place("stg_1", "x", {servers[1]}, 5s));
  ASSERT_TRUE(gateway_->ensure("stg_2", "prod.shop.localhost")) << "HAProxy has never read it: it reloads";
  EXPECT_EQ(under_way(), 1);
  two.hold(false);
  visitor.join();
  EXPECT_EQ(answer, "two");
  EXPECT_TRUE(eventually([&] { return under_way() == 0; }));
}

TEST_F(GatewayTest, R7_2_a_policy_is_not_in_force_before_its_set_is_shown_and_goes_back_with_a_rollback) {
  Upstream one("one"), two("two");
  Policy closed;
  closed.restricted = true;
  deploy("x", {one.server()}, Policy{});
  ASSERT_TRUE(gateway_->place("stg_1", "y", {two.server()}, 5s, closed));
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  ASSERT_TRUE(gateway_->show("stg_1", "y"));
  EXPECT_EQ(get("/").substr(0, 12), "HTTP/1.1 401");
  ASSERT_TRUE(gateway_->show("stg_1", "x"));
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  ASSERT_TRUE(gateway_->place("stg_1", "y", {one.server()}));
  ASSERT_TRUE(gateway_->show("stg_1", "y"));
  EXPECT_EQ(get("/").substr(0, 12), "HTTP/1.1 401") << "a set keeps its policy when it is scaled";
}

TEST_F(GatewayTest, a_policy_that_is_the_same_is_no_reload_and_a_wrong_one_changes_nothing) {
  Upstream one("one"), two("two");
  for (const auto& policy : all_kinds()) {
    deploy("x", {one.server(0)}, policy);
    deploy("y", {two.server(0)}, policy);
    auto before = generation();
    deploy("x2", {one.server(0)}, policy);
    deploy("y2", {two.server(0)}, policy);
    EXPECT_EQ(generation(), before);
    EXPECT_EQ(ask("dev.shop.localhost"), "two");
  }
  Policy wrong;
  wrong.sticky = true;
  EXPECT_EQ(gateway_->place("stg_1", "z", {one.server()}, 5s, wrong).error().kind, ErrorKind::invalid);
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
}

TEST_F(GatewayTest, a_policy_that_was_written_and_not_loaded_is_loaded_by_the_next_server) {
  Upstream one("one");
  deploy("x", {one.server()}, Policy{});
  auto route = *gateway_->find("stg_1");
  Policy closed;
  closed.restricted = true;
  (route.live == "a" ? route.a : route.b).policy = closed;
  ASSERT_TRUE(write_file(gateway_->folder() / "routes" / "stg_1.json", boost::json::serialize(codec::write(route))));
  open();  // it died here once, having written all of its files
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  open();
  ASSERT_TRUE(gateway_->await(10s));
  EXPECT_EQ(get("/").substr(0, 12), "HTTP/1.1 401");
}

TEST_F(GatewayTest, a_route_s_record_of_an_earlier_version_is_read) {
  Upstream one("one");
  deploy("x", {one.server()}, Policy{});
  auto path = gateway_->folder() / "routes" / "stg_1.json";
  auto old = boost::json::parse(read_file(path).value_or("")).as_object();
  for (const char* member : {"others", "keys"}) old.erase(member);
  for (const char* set : {"a", "b"}) {
    auto& members = old.at(set).as_object();
    for (const char* member : {"policy", "contents"}) members.erase(member);
  }
  ASSERT_TRUE(write_file(path, boost::json::serialize(old)));
  open();
  ASSERT_TRUE(gateway_->await(10s));
  EXPECT_EQ(gateway_->ids().size(), 1U);
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
}

TEST_F(GatewayTest, further_hosts_lead_to_the_same_route_and_are_the_last_route_s_that_was_given_them) {
  Upstream one("one"), two("two");
  route("x", {one.server()});
  route("y", {two.server()}, "stg_2", "prod.shop.localhost");
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"www.example.com", "example.com", "dev.shop.localhost"}));
  for (const char* host : {"www.example.com", "example.com", "dev.shop.localhost"}) EXPECT_EQ(ask(host), "one") << host;
  ASSERT_TRUE(gateway_->set_hosts("stg_2", {"example.com"}));
  EXPECT_EQ(ask("example.com"), "two");
  EXPECT_EQ(ask("www.example.com"), "one");
  EXPECT_EQ(gateway_->id_of("example.com"), "stg_2");
  ASSERT_TRUE(gateway_->ensure("stg_1", "dev.shop.localhost"));
  EXPECT_EQ(ask("www.example.com"), "one") << "ensure leaves them alone";
  start();
  EXPECT_EQ(ask("example.com"), "two");
  EXPECT_EQ(ask("www.example.com"), "one");
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {}));
  EXPECT_NE(ask("www.example.com").find("No stage has this address"), std::string::npos);
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  ASSERT_TRUE(gateway_->remove("stg_2"));
  EXPECT_NE(ask("example.com").find("No stage has this address"), std::string::npos);
  for (const std::string bad : {"", "Example.com", "a b", "a:80", "x\n"}) {
    EXPECT_EQ(gateway_->set_hosts("stg_1", {bad}).error().kind, ErrorKind::invalid) << bad;
  }
}

TEST_F(GatewayTest, connections_to_an_instance_are_used_again_also_when_it_was_added_without_a_reload) {
  Upstream one("one"), two("two");
  two.keep(true);
  route("x", {one.server()});
  auto before = generation();
  route("y", {two.server()});
  EXPECT_EQ(generation(), before);
  auto accepted = two.connections();
  Visitor visitor(gateway_->port());
  for (int i = 0; i < 100; ++i) EXPECT_NE(visitor.ask("dev.shop.localhost").find("two"), std::string::npos);
  EXPECT_LT(two.connections() - accepted, 50) << "some are health checks";
  route("z", {one.server()});
  ASSERT_TRUE(gateway_->withdraw("stg_1", {two.server().name}));
  ASSERT_TRUE(gateway_->forget("stg_1", {two.server().name}));
  for (const char* backend : {"stg_1.a", "stg_1.b"}) {
    auto servers = Runtime(gateway_->folder()).servers(backend);
    EXPECT_TRUE(servers && !servers->contains(two.server().name)) << "those that are kept do not hold it";
  }
  two.keep(false);
}

TEST_F(GatewayTest, two_gateways_on_one_machine_have_the_same_port_and_nothing_else_in_common) {
  Upstream one("one"), two("two");
  route("x", {one.server()});
  auto opened = Gateway::open({dir_ / "west", "127.0.0.2", gateway_->port()});
  ASSERT_TRUE(opened) << opened.error().message;
  auto here = std::move(gateway_);
  auto child = std::move(child_);
  gateway_ = std::move(*opened);
  child_.reset();
  start();
  route("y", {two.server()});
  const std::string request = "GET / HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: close\r\n\r\n";
  auto ends = [&](const char* address) {
    auto answer = talk(gateway_->port(), request, address);
    return answer.substr(answer.size() - std::min<std::size_t>(3, answer.size()));
  };
  EXPECT_EQ(ends("127.0.0.1"), "one");
  EXPECT_EQ(ends("127.0.0.2"), "two");
  ASSERT_TRUE(gateway_->remove("stg_1"));
  EXPECT_EQ(ends("127.0.0.1"), "one");
  ASSERT_TRUE(here->await(10s));
  child.reset();
}

}  // namespace
}  // namespace sluice::gateway
