#include <gtest/gtest.h>

#include <algorithm>

#include "api/followers.h"
#include "api/test_house.h"

// The logs of a stage: what its instances write, and who asked it for what.
namespace sluice::api {
namespace {

TEST(Logs, runtime_and_access_logs_are_read_and_followed) {
  House house;
  house.make("shop", {"dev"});
  auto stack = house.conductor().snapshot("shop");
  auto dir = house.logs().runtime_dir(stack->id.value, stack->stages[0].id.value) / "1.0";
  ASSERT_TRUE(make_dirs(dir));
  ASSERT_TRUE(write_file(dir / "current", "2026-01-31 09:30:00.123456789  hello\n"));
  auto got = house.get("/stacks/shop/stages/dev/logs/runtime");
  EXPECT_EQ(got.text, "2026-01-31T09:30:00.123Z [1.0] hello\n");
  auto next = got.headers.get("X-Sluice-Next").value();
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/runtime?after=" + next).text, "");
  auto sink = house.follow("/stacks/shop/stages/dev/logs/runtime");
  ASSERT_TRUE(sink->has("[1.0] hello"));
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/runtime?since=1h").text, "");
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/runtime?since=yesterday").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/runtime?limit=2000").status, 200);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/runtime?limit=2001").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/build").status, 404);
  EXPECT_NE(house.get("/stacks/shop/stages/dev/logs/access").text.find("GET / 200 dev"), std::string::npos);
  ASSERT_EQ(house.call("DELETE", "/stacks/shop/stages/dev?confirm=delete").status, 202);
  EXPECT_TRUE(sink->ends());
}

struct StageLog {
  House house;
  std::filesystem::path dir;
  const std::string runtime = "/stacks/shop/stages/dev/logs/runtime";
  StageLog() {
    house.make("shop", {"dev"});
    auto stack = house.conductor().snapshot("shop");
    dir = house.logs().runtime_dir(stack->id.value, stack->stages[0].id.value);
    lines("4.2.0",
          "2026-01-31 09:30:00.000000000  listening\n"
          "2026-01-31 09:30:01.000000000  {\"level\":\"info\",\"msg\":\"Disk read\"}\n"
          "2026-01-31 09:30:02.000000000  {\"level\":\"error\",\"msg\":\"disk full\"}\n"
          "2026-01-31 09:30:03.000000000  broken \xff byte\n");
  }
  void lines(const std::string& instance, const std::string& text) {
    EXPECT_TRUE(make_dirs(dir / instance));
    EXPECT_TRUE(write_file(dir / instance / "current", text));
  }
};

TEST(Logs, a_stages_log_is_searched_by_words_and_level) {
  StageLog log;
  auto& house = log.house;
  EXPECT_EQ(house.get(log.runtime + "?grep=FULL").text,
            "2026-01-31T09:30:02.000Z [4.2.0] {\"level\":\"error\",\"msg\":\"disk full\"}\n");
  auto found = house.get(log.runtime + "?level=info").text;
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 2) << found;
  found = house.get(log.runtime + "?level=warn&grep=disk").text;
  EXPECT_NE(found.find("disk full"), std::string::npos);
  EXPECT_EQ(found.find("Disk read"), std::string::npos);
  EXPECT_EQ(house.get(log.runtime + "?level=fatal").text, "");
  EXPECT_NE(house.get("/stacks/shop/stages/dev/logs/access?grep=get").text.find("GET / 200"), std::string::npos);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/access?grep=POST").text, "");
  for (const std::string wrong : {"level=loud", "level=Info", "format=xml"}) {
    auto refused = house.get(log.runtime + "?" + wrong);
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_NE(refused.text.find(wrong.substr(0, wrong.find('='))), std::string::npos) << refused.text;
  }
  EXPECT_EQ(house.get(log.runtime + "?grep=" + std::string(201, 'a')).status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/logs/access?level=info").status, 400);

  auto sink = house.follow(log.runtime + "?level=error");
  ASSERT_TRUE(sink->has("disk full"));
  log.lines("5.3.0",
            "2026-01-31 09:31:00.000000000  {\"level\":\"info\",\"msg\":\"quiet\"}\n"
            "2026-01-31 09:31:01.000000000  {\"level\":\"fatal\",\"msg\":\"loud\"}\n");
  ASSERT_TRUE(sink->has("[5.3.0] {\"level\":\"fatal\""));
  EXPECT_EQ(sink->text().find("quiet"), std::string::npos);
}

TEST(Logs, a_stages_log_is_given_as_json_with_change_attempt_instance_and_level) {
  StageLog log;
  auto& house = log.house;
  auto got = house.get(log.runtime + "?format=json");
  EXPECT_EQ(got.headers.get("Content-Type"), "application/x-ndjson");
  auto lines = got.lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], json::parse(R"({"at":"2026-01-31T09:30:00.000Z","change":4,"attempt":2,"instance":0,
                                      "text":"listening"})"));
  EXPECT_EQ(lines[2].at("level"), "error");
  EXPECT_EQ(lines[3].at("text"), "broken \xef\xbf\xbd byte");
  auto access = house.get("/stacks/shop/stages/dev/logs/access?format=json").lines();
  ASSERT_EQ(access.size(), 1u);
  EXPECT_FALSE(access[0].as_object().contains("instance"));
  auto sink = house.follow(log.runtime + "?format=json&grep=listening");
  EXPECT_TRUE(sink->has("\ndata: {\"at\":\"2026-01-31T09:30:00.000Z\",\"change\":4,"));
}

TEST(Logs, a_piece_says_whether_there_is_more_and_lines_that_were_lost) {
  StageLog log;
  auto& house = log.house;
  auto got = house.get(log.runtime + "?limit=3");
  EXPECT_EQ(got.headers.get("X-Sluice-More"), "true");
  const auto next = got.headers.get("X-Sluice-Next").value();
  got = house.get(log.runtime + "?limit=3&after=" + next);
  EXPECT_EQ(got.headers.get("X-Sluice-More"), "false") << "who reads what there is comes to an end";
  // Rotated away before they were read.
  std::filesystem::remove(log.dir / "4.2.0" / "current");
  log.lines("4.2.0", "2026-01-31 10:00:00.000000000  later\n");
  EXPECT_EQ(house.get(log.runtime + "?after=" + next).text,
            "2026-01-31T10:00:00.000Z [4.2.0] (lines are missing here: they were removed before they were read)\n"
            "2026-01-31T10:00:00.000Z [4.2.0] later\n");
  EXPECT_EQ(house.get(log.runtime + "?format=json&after=" + next).lines().at(0).at("after_gap"), true);
}

TEST(Logs, who_looks_for_what_is_rare_is_told_how_far_it_got) {
  StageLog log;
  auto& house = log.house;
  Followers::Options options;
  options.look = options.heartbeat = std::chrono::milliseconds(1);
  Followers followers(house.identity(), options);
  int looks = 0;
  auto stream = followers.stream(house.identity().by_token(house.token(pipeline::Role::viewer))->credential, [&] {
    ++looks;
    return Followers::Piece{looks < 100 ? "" : "id: last\ndata: found\n\n", looks == 100, looks < 100,
                            "place-" + std::to_string(looks)};
  });
  ASSERT_TRUE(stream);
  auto sink = std::make_shared<TestSink>();
  (*stream)(sink);
  EXPECT_TRUE(sink->ends());
  EXPECT_NE(sink->text().find("\nid: place-"), std::string::npos) << "so that it is resumed from there";
  EXPECT_NE(sink->text().find("data: found"), std::string::npos);
}

}  // namespace
}  // namespace sluice::api
