#include "cli/log_view.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(LogView, paints_time_and_instance_and_tames_what_the_app_wrote) {
  EXPECT_EQ(coloured_log("2026-01-31T09:30:00.000Z [12.3.0] listening [1] on\x1b]0;evil\x07 8080\n"),
            "\x1b[2m2026-01-31T09:30:00.000Z\x1b[0m \x1b[33m[12.3.0]\x1b[0m listening [1] on?]0;evil? 8080\n");
  EXPECT_EQ(coloured_log("2026-01-31T09:30:00.000Z 127.0.0.1 \"GET / HTTP/1.1\" 200"),
            "\x1b[2m2026-01-31T09:30:00.000Z\x1b[0m 127.0.0.1 \"GET / HTTP/1.1\" 200");
  EXPECT_EQ(coloured_log("2026-01-31T09:30:00.000Z [1.1.0] \x1b[1;31mred\n2026-01-31T09:30:00.000Z \x1b[2Jgone\x1b["),
            "\x1b[2m2026-01-31T09:30:00.000Z\x1b[0m \x1b[33m[1.1.0]\x1b[0m \x1b[1;31mred\x1b[0m\n"
            "\x1b[2m2026-01-31T09:30:00.000Z\x1b[0m ?[2Jgone?[")
      << "an app's colours pass and end with the line; what else would steer the terminal does not";
  EXPECT_EQ(coloured_log("50%\n100%\n\n"), "50%\n100%\n\n") << "what a carriage return cut off";
  EXPECT_EQ(coloured_log(""), "");
}

TEST(LogView, tells_the_instances_of_two_deployments_apart) {
  const auto colour = [](const std::string& tag) {
    return coloured_log("2026-01-31T09:30:00.000Z [" + tag + "] x").substr(33, 5);
  };
  const std::string seen[] = {colour("7.3.0"), colour("7.3.1"), colour("7.4.0"), colour("7.4.1")};
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < a; ++b) EXPECT_NE(seen[a], seen[b]) << a << " " << b;
  EXPECT_EQ(colour("7.3.0"), colour("8.3.0")) << "the attempt counts, not the change";
  for (const char* odd : {"", ".", "a.b", "1.2", "1.99999999999999999999.1"}) EXPECT_FALSE(colour(odd).empty());
}

}  // namespace
}  // namespace sluice::cli
