#include "http/problem.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::http {
namespace {

TEST(Problem, has_all_that_a_program_and_a_person_need) {
  const auto response = problem(404, "not_found", "there is no \"shop\"");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  EXPECT_EQ(response.headers.get("cache-control"), "no-store");
  const boost::json::value wanted = {{"type", "about:blank"},
                                     {"title", "Not Found"},
                                     {"status", 404},
                                     {"kind", "not_found"},
                                     {"detail", "there is no \"shop\""}};
  EXPECT_EQ(boost::json::parse(response.body), wanted);
  EXPECT_EQ(response.body.back(), '\n');
}

TEST(Problem, names_the_fields_that_are_wrong) {
  const auto body = boost::json::parse(problem(400, "invalid", "name: is empty", {{"name", "is empty"}}).body);
  const boost::json::array wanted{boost::json::object{{"field", "name"}, {"message", "is empty"}}};
  EXPECT_EQ(body.at("errors"), wanted);
}

TEST(Problem, can_be_read_also_where_it_quotes_a_program) {
  const auto body = boost::json::parse(problem(500, "failed", "git: caf\xe9", {}).body);
  EXPECT_EQ(body.at("detail"), "git: caf\ufffd");
}

TEST(Problem, of_the_server_itself_is_of_the_kind_that_its_status_says) {
  const std::vector<std::pair<int, std::string>> kinds{
      {400, "invalid"},   {408, "timed_out"}, {413, "too_large"},   {417, "expectation_failed"},
      {431, "too_large"}, {500, "internal"},  {503, "unavailable"}, {505, "version_not_supported"}};
  for (const auto& [status, kind] : kinds) {
    const auto response = refusal(status, "why");
    EXPECT_EQ(response.status, status);
    const auto body = boost::json::parse(response.body);
    EXPECT_EQ(body.at("kind").as_string(), kind) << status;
    EXPECT_EQ(body.at("detail"), "why");
    EXPECT_NE(body.at("title"), "Status") << status;
    EXPECT_EQ(response.headers.get("Retry-After").has_value(), status == 503);
  }
}

}  // namespace
}  // namespace sluice::http
