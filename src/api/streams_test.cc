#include <thread>

#include "api/event_pump.h"
#include "api/followers.h"
#include "api/places.h"
#include "api/test_house.h"

// Event streams and followed logs.
namespace sluice::api {
namespace {

using pipeline::WorkKind;

// The ids of a stream's events, in order.
std::vector<std::int64_t> ids_of(const std::string& text) {
  std::vector<std::int64_t> out;
  for (std::size_t at = text.find("id: "); at != std::string::npos; at = text.find("\nid: ", at + 1))
    out.push_back(std::stoll(text.substr(at + (text[at] == '\n' ? 5 : 4))));
  return out;
}

TEST(Events, a_stream_tells_everything_from_now_on_in_the_words_of_the_interface) {
  House house;
  house.make("old", {"dev"});
  auto sink = house.follow("/events");
  ASSERT_TRUE(sink->has(": open\n"));
  house.make("shop", {"dev", "prod!"});
  house.push("shop", "1");
  ASSERT_TRUE(sink->has("event: ApprovalAsked\n"));
  auto text = sink->text();
  EXPECT_EQ(text.find("\"stack\":\"old\""), std::string::npos);
  for (auto part : {"event: StackCreated\n", "event: CheckedIn\n", "event: DeploymentEnded\n", "\"stage\":\"dev\"",
                    "\"change\":1", "\"by\":\"ann\"", "\"actor\":{\"kind\":\"git\",\"name\":\"ann\"}"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  auto ids = ids_of(text);
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_EQ(ids[i], ids[i - 1] + 1);
  EXPECT_EQ(house.call("GET", "/events?stack=none").status, 404);
}

TEST(Events, a_stream_of_one_stack_tells_nothing_of_another) {
  House house;
  house.make("shop", {"dev"});
  house.make("other", {"dev"});
  auto sink = house.follow("/events?stack=shop");
  house.push("other", "1");
  ASSERT_TRUE(house.until_serves("other", "dev", 1));
  house.push("shop", "1");
  ASSERT_TRUE(sink->has("\"stack\":\"shop\""));
  EXPECT_EQ(sink->text().find("\"stack\":\"other\""), std::string::npos);
}

TEST(Events, last_event_id_resumes_without_a_gap) {
  House house;
  house.make("shop", {"dev"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  auto whole = house.follow("/events", {{"Last-Event-ID", "0"}});
  ASSERT_TRUE(whole->has("event: DeploymentEnded\n"));
  auto ids = ids_of(whole->text());
  ASSERT_GT(ids.size(), 6u);
  EXPECT_EQ(ids.front(), 1);
  auto rest = house.follow("/events", {{"Last-Event-ID", std::to_string(ids[2])}});
  ASSERT_TRUE(rest->has("event: DeploymentEnded\n"));
  EXPECT_EQ(ids_of(rest->text()).front(), ids[3]);
  EXPECT_EQ(house.call("GET", "/events", "", pipeline::Role::viewer, {{"Last-Event-ID", "x"}}).status, 400);
}

TEST(Events, an_answer_says_from_where_to_follow_what_it_does_not_tell) {
  House house;
  house.make("shop", {"dev"});
  const auto read = house.call("GET", "/stacks/shop");
  const auto at = read.headers.get("Sluice-Event-ID");
  ASSERT_TRUE(at);
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  auto sink = house.follow("/events", {{"Last-Event-ID", std::string(*at)}});
  ASSERT_TRUE(sink->has("event: DeploymentEnded\n"));
  EXPECT_TRUE(sink->has("event: CheckedIn\n"));
  EXPECT_EQ(ids_of(sink->text()).front(), std::stoll(std::string(*at)) + 1);
}

TEST(Events, of_another_history_or_too_far_behind_the_stream_says_reset) {
  House house;
  house.make("shop", {"dev"});
  auto sink = house.follow("/events", {{"Last-Event-ID", "999999"}});
  ASSERT_TRUE(sink->has("event: reset\n"));
  EventPump::Options options;
  options.too_far = 1;
  EventPump pump(
      house.conductor(), house.store(), house.identity(),
      [](const store::StoredEvent& e) { return "id: " + std::to_string(e.seq) + "\n\n"; }, options);
  auto credential = house.identity().by_token(house.token(pipeline::Role::viewer))->credential;
  auto behind = std::make_shared<TestSink>();
  (*pump.stream(credential, "", 0))(behind);
  ASSERT_TRUE(behind->has("event: reset\n"));
  house.push("shop", "1");
  ASSERT_TRUE(sink->has("event: CheckedIn\n"));
}

TEST(Events, a_revoked_tokens_streams_are_closed_and_a_quiet_one_shows_that_it_lives) {
  House house;
  auto credential = house.identity().by_token(house.token(pipeline::Role::viewer))->credential;
  EventPump::Options options;
  options.heartbeat = std::chrono::milliseconds(1);
  options.look = std::chrono::milliseconds(5);
  EventPump pump(
      house.conductor(), house.store(), house.identity(), [](const store::StoredEvent&) { return ""; }, options);
  auto quiet = std::make_shared<TestSink>();
  (*pump.stream(credential, "", house.store().last_seq()))(quiet);
  EXPECT_TRUE(quiet->has(": still here\n"));
  auto events = house.follow("/events", {}, pipeline::Role::viewer);
  auto other = house.follow("/events");
  ASSERT_EQ(house.call("DELETE", "/tokens/viewer").status, 204);
  EXPECT_TRUE(quiet->ends());
  EXPECT_TRUE(events->ends());
  house.make("shop", {"dev"});
  EXPECT_TRUE(other->has("StackCreated"));
}

// Whatever answers with streams, of which two may be open.
template <class Open>
void expect_room_for_two(Open open) {
  auto first = open(), second = open();
  ASSERT_TRUE(first && second);
  // Each has its place when it is promised, not only when it begins: two requests at once cannot both get the last.
  auto third = open();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::unavailable);
  EXPECT_NE(third.error().message.find("no more may be"), std::string::npos);
  auto sink = std::make_shared<TestSink>();
  (*first)(sink);
  first = {};
  EXPECT_FALSE(open()) << "one that has begun keeps its place";
  second = {};
  third = open();
  EXPECT_TRUE(third) << "one that never began gives it back";
  EXPECT_FALSE(open());
  sink->close();
  const auto limit = std::chrono::steady_clock::now() + TestSink::kLimit;
  auto again = open();
  for (; !again && std::chrono::steady_clock::now() < limit; again = open()) std::this_thread::yield();
  EXPECT_TRUE(again) << "so does one whose reader went";
}

TEST(Events, there_is_an_end_to_how_many_may_listen) {
  House house;
  EventPump::Options options;
  options.most = 2;
  options.heartbeat = options.look = std::chrono::milliseconds(1);
  EventPump pump(
      house.conductor(), house.store(), house.identity(), [](const store::StoredEvent&) { return ""; }, options);
  auto credential = house.identity().by_token(house.token(pipeline::Role::viewer))->credential;
  expect_room_for_two([&] { return pump.stream(credential, "", house.store().last_seq()); });
}

TEST(Logs, there_is_an_end_to_how_many_may_follow) {
  House house;
  Followers::Options options;
  options.most = 2;
  options.heartbeat = options.look = std::chrono::milliseconds(1);
  Followers followers(house.identity(), options);
  auto credential = house.identity().by_token(house.token(pipeline::Role::viewer))->credential;
  expect_room_for_two([&] { return followers.stream(credential, [] { return Followers::Piece{}; }); });
}

TEST(Places, are_never_more_than_there_are) {
  Places places(3);
  std::atomic<int> held = 0, most = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const auto place = places.take();
        if (!place) continue;
        const int now = ++held;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --held;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  std::vector<Places::Place> all;
  for (int i = 0; i < 3; ++i) all.push_back(places.take());
  EXPECT_TRUE(all[0] && all[1] && all[2]);
  EXPECT_FALSE(places.take());
}

struct RunningDeployment {
  House house;
  std::string id;
  logs::LogName name;
  RunningDeployment() {
    house.make("shop", {"dev"});
    house.world.hold("dev", WorkKind::release);
    house.push("shop", "1");
    EXPECT_TRUE(house.until("shop", [](const auto& s) {
      return s->stages[0].active && s->stages[0].active->state == pipeline::DeploymentState::releasing;
    }));
    auto stack = house.conductor().snapshot("shop");
    id = stack->stages[0].active->id.value;
    name = {stack->id.value, stack->stages[0].id.value, id, "building"};
  }
  std::unique_ptr<logs::Writer> log(const std::string& step) {
    name.step = step;
    return std::move(*house.logs().append(name, {}));
  }
};

TEST(Logs, a_deployments_log_is_read_in_pieces_and_followed_to_its_end) {
  RunningDeployment running;
  auto& house = running.house;
  const auto target = "/deployments/" + running.id + "/log";
  auto sink = house.follow(target);
  ASSERT_TRUE(sink->has(": open\n"));
  auto building = running.log("building");
  building->write("compiling\nlinking\n");
  ASSERT_TRUE(sink->has("linking"));
  building->finish();
  auto releasing = running.log("releasing");
  releasing->write("migrating 50%\r100%\n");
  ASSERT_TRUE(sink->has("100%"));

  auto got = house.get(target);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.get("X-Sluice-Finished"), "false");
  EXPECT_LT(got.text.find("linking"), got.text.find("migrating"));
  auto next = got.headers.get("X-Sluice-Next").value();
  EXPECT_TRUE(next.starts_with("releasing:")) << next;
  EXPECT_EQ(house.get(target + "?after=" + next).text, "");
  auto one = house.get(target + "?step=building");
  EXPECT_EQ(one.text.find("migrating"), std::string::npos);
  EXPECT_EQ(one.text + house.get(target + "?step=releasing").text, got.text);
  EXPECT_EQ(one.headers.get("X-Sluice-Finished"), "true");
  EXPECT_EQ(house.get(target + "?step=building&after=" + one.headers.get("X-Sluice-Next").value()).text, "");
  EXPECT_EQ(house.get(target + "?step=dancing").status, 400);
  EXPECT_EQ(house.get(target + "?after=nonsense").status, 400);
  EXPECT_EQ(house.get("/deployments/dep_none/log").status, 404);

  releasing->write("done\r\nlast words\r");
  releasing->finish();
  house.world.hold("dev", WorkKind::release, false);
  ASSERT_TRUE(sink->ends());
  auto text = sink->text();
  EXPECT_NE(text.find("done"), std::string::npos);
  EXPECT_NE(text.find("event: end\n"), std::string::npos);
  // A carriage return ends a line; before a line break it ends none.
  EXPECT_NE(text.find(" migrating 50%\ndata: 100%\n\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" last words\n\n"), std::string::npos) << text;
  // Each line once.
  EXPECT_EQ(text.find("linking"), text.rfind("linking"));
  got = house.get(target + "?after=" + next);
  EXPECT_NE(got.text.find("done"), std::string::npos);
  EXPECT_EQ(got.text.find("migrating"), std::string::npos);
  EXPECT_EQ(got.headers.get("X-Sluice-Finished"), "true");
  // Followed afterwards it is told whole, and ends.
  auto after = house.follow(target, {{"Last-Event-ID", next}});
  ASSERT_TRUE(after->ends());
  EXPECT_EQ(after->text().find("linking"), std::string::npos);
  EXPECT_NE(after->text().find("done"), std::string::npos);
}

TEST(Logs, a_carriage_return_at_the_end_of_a_piece_ends_its_line_too) {
  RunningDeployment running;
  auto& house = running.house;
  auto building = running.log("building");
  // One line longer than a piece of 256 KiB, whose last byte there is the carriage return; its time takes 25.
  building->write(std::string((256u << 10) - 26, 'x') + "\rrest\n");
  building->finish();
  house.world.hold("dev", WorkKind::release, false);
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  auto sink = house.follow("/deployments/" + running.id + "/log");
  ASSERT_TRUE(sink->ends());
  const auto text = sink->text();
  EXPECT_NE(text.find("xxx\ndata: \n\n"), std::string::npos) << text.size();
  EXPECT_NE(text.find("\ndata: rest\n"), std::string::npos) << text.size();
}

TEST(Logs, a_long_log_comes_whole_in_pieces) {
  RunningDeployment running;
  auto& house = running.house;
  auto building = running.log("building");
  const std::string line(100, 'x');
  for (int i = 0; i < 20'000; ++i) building->write(line + std::to_string(i) + "\n");
  building->finish();
  house.world.hold("dev", WorkKind::release, false);
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  std::string whole, after;
  bool finished = false;
  for (int i = 0; i < 100 && !finished; ++i) {
    auto got = house.get("/deployments/" + running.id + "/log" + (after.empty() ? "" : "?after=" + after));
    EXPECT_LE(got.text.size(), 512u << 10);
    whole += got.text;
    after = got.headers.get("X-Sluice-Next").value();
    finished = got.headers.get("X-Sluice-Finished") == "true";
  }
  EXPECT_TRUE(finished);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 20'000);
  auto sink = house.follow("/deployments/" + running.id + "/log");
  ASSERT_TRUE(sink->ends());
  EXPECT_NE(sink->text().find(line + "19999\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::api
