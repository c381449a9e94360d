#include "api/answers.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sluice::api {
namespace {

TEST(Answers, the_words_of_a_program_do_not_spoil_an_answer) {
  const auto response = answer(200, boost::json::object{{"error", "it said caf\xe9"}});
  boost::json::error_code bad;
  EXPECT_EQ(boost::json::parse(response.body, bad).at("error"), "it said caf\ufffd");
  EXPECT_FALSE(bad) << bad.message();
}

}  // namespace
}  // namespace sluice::api
