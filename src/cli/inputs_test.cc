#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/files.h"
#include "cli/dotenv.h"
#include "cli/json.h"
#include "cli/server.h"
#include "cli/sse.h"

namespace sluice::cli {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The same table is held against the dashboard's reader (web/src/lib/dotenv.test.ts).
TEST(Dotenv, reads_every_case_of_the_table) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "dotenv_cases.json";
  const auto text = read_file(path);
  ASSERT_TRUE(text) << path;
  const auto table = boost::json::parse(*text);
  const auto& cases = table.at("cases").as_array();
  ASSERT_GT(cases.size(), 90u);
  for (const auto& one : cases) {
    const auto pairs = parse_dotenv(one.at("text").as_string());
    const auto said = boost::json::serialize(one);
    if (const auto* wrong = one.as_object().if_contains("wrong")) {
      ASSERT_FALSE(pairs) << said;
      EXPECT_EQ(pairs.error().message, "line " + std::to_string(wrong->at("line").as_int64()) + " " +
                                           std::string(wrong->at("says").as_string()))
          << said;
      continue;
    }
    ASSERT_TRUE(pairs) << said << pairs.error().message;
    boost::json::object got;
    for (const auto& [name, value] : *pairs) got[name] = value;
    EXPECT_EQ(got, one.at("gives").as_object()) << said;
  }
}

RC_GTEST_PROP(Dotenv, any_bytes_end_in_pairs_or_an_error, (const std::string& text)) { (void)parse_dotenv(text); }

TEST(Stream, the_last_id_is_that_of_what_is_whole) {
  StreamParser parser([](const StreamEvent&) { return true; });
  parser.feed("id: 1\ndata: x\n\nid: 2\ndata: ha");
  EXPECT_EQ(parser.last_id(), "1") << "the second is not there yet: it must come again";
  parser.feed("lf\n\nid: 3\n\nid: 4\n");
  EXPECT_EQ(parser.last_id(), "3") << "also where nothing but the place was said";
}

TEST(Stream, gives_whole_events_however_the_bytes_are_cut) {
  const std::string bytes =
      ": open\n\nid: 4\nevent: DeploymentEnded\ndata: {\"a\":1}\n\ndata: one\r\ndata: two\r\n\r\nevent: reset\n\nid: "
      "9\n\ndata: x";
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    std::vector<StreamEvent> events;
    StreamParser parser([&](const StreamEvent& event) {
      events.push_back(event);
      return true;
    });
    for (std::size_t i = 0; i < bytes.size(); i += step) ASSERT_TRUE(parser.feed(bytes.substr(i, step)));
    ASSERT_EQ(events.size(), 3u) << step;
    EXPECT_EQ(events[0].type, "DeploymentEnded");
    EXPECT_EQ(events[0].data, "{\"a\":1}");
    EXPECT_EQ(events[0].id, "4");
    EXPECT_EQ(events[1].type, "message");
    EXPECT_EQ(events[1].data, "one\ntwo");
    EXPECT_EQ(events[2].type, "reset");
    EXPECT_EQ(parser.last_id(), "9");
  }
}

TEST(Stream, stops_when_told_to) {
  int seen = 0;
  StreamParser parser([&](const StreamEvent&) { return ++seen < 2; });
  EXPECT_FALSE(parser.feed("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
  EXPECT_EQ(seen, 2);
}

TEST(Path, encodes_each_segment_and_leaves_out_what_is_empty) {
  EXPECT_EQ(path_of({"stacks", "shop", "stages", "prod"}), "/stacks/shop/stages/prod");
  EXPECT_EQ(path_of({"stacks", "a/b ?#%"}), "/stacks/a%2Fb%20%3F%23%25");
  EXPECT_EQ(path_of({"stacks", ".."}), "/stacks/%2E%2E");
  EXPECT_EQ(path_of({"events"}, {{"stack", ""}}), "/events");
  EXPECT_EQ(path_of({"x"}, {{"a", "1"}, {"b", ""}, {"c", "ü"}}), "/x?a=1&c=%C3%BC");
}

http::Response answer(int status, std::string body) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

TEST(Problem, is_read_from_problem_details) {
  const auto error = problem_of(answer(
      400, R"({"title":"Bad Request","detail":"name: too long","errors":[{"field":"name","message":"too long"}]})"));
  EXPECT_EQ(error.kind, ErrorKind::invalid);
  EXPECT_EQ(error.message, "name: too long");
  ASSERT_EQ(error.fields.size(), 1u);
  EXPECT_EQ(error.fields[0].field, "name");
}

TEST(Problem, of_a_page_that_is_not_ours_is_a_sentence_all_the_same) {
  const auto error = problem_of(answer(502, "<html>bad gateway</html>"));
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_NE(error.message.find("502"), std::string::npos);
  EXPECT_EQ(problem_of(answer(401, "")).kind, ErrorKind::unauthenticated);
  EXPECT_EQ(problem_of(answer(403, "{}")).kind, ErrorKind::forbidden);
  EXPECT_EQ(problem_of(answer(404, "{}")).kind, ErrorKind::not_found);
  EXPECT_EQ(problem_of(answer(409, "{}")).kind, ErrorKind::conflict);
}

TEST(Json, what_is_not_there_is_empty) {
  const auto value = boost::json::parse(R"({"a":{"b":"x","n":7,"t":true,"z":null},"l":[1]})");
  EXPECT_EQ(text_at(value, "a.b"), "x");
  EXPECT_EQ(text_at(value, "a.b.c"), "");
  EXPECT_EQ(text_at(value, "a.n"), "");
  EXPECT_EQ(number_at(value, "a.n"), 7);
  EXPECT_EQ(number_at(value, "q"), 0);
  EXPECT_TRUE(true_at(value, "a.t"));
  EXPECT_FALSE(has(value, "a.z"));
  EXPECT_EQ(list_at(value, "l").size(), 1u);
  EXPECT_TRUE(list_at(value, "a").empty());
}

TEST(Json, is_printed_so_that_it_can_be_read_again) {
  const auto value = boost::json::parse(R"({"a":[1,{"b":"x\ny"}],"c":{},"d":[]})");
  const std::string text = pretty(value);
  EXPECT_EQ(boost::json::parse(text), value);
  EXPECT_EQ(text, "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\ny\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n");
}

}  // namespace
}  // namespace sluice::cli
