#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/context.h"

// What `env set` says of values before it asks the server: nobody is signed in here.
namespace sluice::cli {
namespace {
using testing::HasSubstr;

std::string complaint(Args args) {
  args.stack = "shop";
  args.stage = "prod";
  const Hooks hooks;
  Context context{args, hooks, [](const std::string&) { return std::nullopt; }, {}};
  testing::internal::CaptureStderr();
  const auto done = env_set(context);
  EXPECT_FALSE(done);
  return testing::internal::GetCapturedStderr();
}

TEST(Env, a_secret_on_the_command_line_is_warned_of_by_its_name_only) {
  Args args;
  args.secret = true;
  args.pairs = {"API_KEY=swordfish"};
  EXPECT_EQ(complaint(args),
            "sluice: the value of API_KEY was in the process list and may be in the shell's history; let it be asked "
            "for instead: sluice env set shop prod --secret API_KEY=-\n");
  args.build = true;
  args.pairs = {"API_KEY=swordfish", "OTHER=marlin"};
  const auto said = complaint(args);
  EXPECT_THAT(said, HasSubstr("API_KEY, OTHER"));
  EXPECT_THAT(said, HasSubstr("sluice env set shop prod --build --secret API_KEY=-"));
  EXPECT_EQ(said.find("swordfish"), std::string::npos);
  EXPECT_EQ(said.find("marlin"), std::string::npos);
}

TEST(Env, what_is_no_secret_or_was_not_typed_is_not_warned_of) {
  Args args;
  args.pairs = {"GREETING=hello"};
  EXPECT_EQ(complaint(args), "");
  args.secret = true;
  args.pairs = {"API_KEY=@/dev/null", "EMPTY="};
  EXPECT_EQ(complaint(args), "");
}

}  // namespace
}  // namespace sluice::cli
