#include "metrics/access_line.h"

#include <gtest/gtest.h>

#include "metrics/requests.h"

namespace sluice::metrics {
namespace {

constexpr const char* kRest = " bytes=181 first=12 total=15 to=stg_1/1.1.0-4000 end=-- id=0f2e";

TEST(AccessLine, tells_stage_status_and_the_time_until_the_answer_began) {
  const auto line = std::string("stg_1 127.0.0.1 \"GET / HTTP/1.1\" 200") + kRest;
  const auto request = parse_access_line(line);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->stage, "stg_1");
  EXPECT_EQ(request->status, 200);
  EXPECT_EQ(request->latency, 12);
}

TEST(AccessLine, where_the_gateway_answered_itself_the_whole_time_counts) {
  const auto request = parse_access_line(
      "stg_1 127.0.0.1 \"GET / HTTP/1.1\" 503 bytes=2 first=-1 total=3001 to=stg_1/<NOSRV> end=SC id=1");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->latency, 3001);
}

TEST(AccessLine, believes_nothing_of_what_the_client_wrote) {
  const auto line =
      std::string("stg_1 127.0.0.1 \"GET /\\\" 500 bytes=1 first=9000 total=9000 to=stg_2/x HTTP/1.1\" 204") + kRest;
  const auto request = parse_access_line(line);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->stage, "stg_1");
  EXPECT_EQ(request->status, 204);
  EXPECT_EQ(request->latency, 12);
}

TEST(AccessLine, passes_over_what_is_of_no_stage) {
  for (const char* line :
       {"", "-", "- 127.0.0.1 \"<BADREQ>\" 400 bytes=0 first=-1 total=0 to=gateway/<NOSRV> end=PR id=1", " bytes=",
        "stg_1 bytes=1", "stg_1 127.0.0.1 \"GET /\" x bytes=1 first=1 total=1", "[NOTICE] (12) : New worker forked"})
    EXPECT_FALSE(parse_access_line(line)) << line;
}

TEST(Requests, are_added_up_by_stage_span_and_class_of_status) {
  Requests requests(std::chrono::seconds(10));
  const auto line = [&](const char* second, const char* stage, const char* status) {
    requests.take(std::string(second) + ".000000000  " + stage + " 127.0.0.1 \"GET / HTTP/1.1\" " + status + kRest);
  };
  line("2026-01-31 09:30:01", "a", "200");
  line("2026-01-31 09:30:09", "a", "101");
  line("2026-01-31 09:30:09", "b", "301");
  line("2026-01-31 09:30:10", "a", "404");
  line("2026-01-31 09:30:10", "a", "-1");
  line("2026-01-31 09:30:11", "a", "502");
  line("not a time of day..", "a", "200");
  ASSERT_EQ(requests.stages().size(), 2u);
  const auto& a = requests.stages().at("a").spans;
  ASSERT_EQ(a.size(), 2u);
  EXPECT_EQ(to_rfc3339(a.begin()->first), "2026-01-31T09:30:00.000Z");
  EXPECT_EQ(a.begin()->second.requests, (std::array<std::uint64_t, 4>{2, 0, 0, 0}));
  EXPECT_EQ(a.rbegin()->second.requests, (std::array<std::uint64_t, 4>{0, 0, 2, 1}));
  EXPECT_EQ(a.rbegin()->second.latency.count(), 3u);
  EXPECT_EQ(requests.stages().at("b").spans.begin()->second.requests[1], 1u);
}

}  // namespace
}  // namespace sluice::metrics
