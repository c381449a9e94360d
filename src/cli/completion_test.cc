#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"

// The script, run by a real bash beside a `sluice` that knows one stack with two stages.
namespace sluice::cli {
namespace {
using testing::ElementsAre;
using testing::IsSupersetOf;

// What bash offers for the last of the words, sorted.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  Hooks hooks;
  hooks.version = "9.9.9";
  hooks.serve = [](const ServeOptions&) { return 0; };
  hooks.down = [](const DownOptions&) { return 0; };
  hooks.create_token = [](const LocalTokenOptions&) { return Result<boost::json::object>(); };
  std::string script = bash_completion(command_shapes(hooks)) +
                       "sluice() {\n"
                       "  case $* in\n"
                       "    'stack list') printf 'STACK\\nshop\\n' ;;\n"
                       "    'stage list shop') printf 'STAGE\\ndev\\nprod\\n' ;;\n"
                       "    'deployments shop prod') printf 'DEPLOYMENT\\ndep_1\\n' ;;\n"
                       "    *) echo \"asked for $*\" >&2 ;;\n"
                       "  esac\n"
                       "}\n"
                       "COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))\n"
                       "_sluice\n"
                       "printf '%s\\n' \"${COMPREPLY[@]}\" | sort\n";
  ProcessCommand command;
  command.argv = {"bash", "--norc", "-c", script, "bash"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  const auto done = run(command);
  EXPECT_TRUE(done && done->ok()) << (done ? done->err : done.error().message);
  std::vector<std::string> out;
  if (!done) return out;
  for (std::size_t begin = 0, end = 0; (end = done->out.find('\n', begin)) != std::string::npos; begin = end + 1)
    if (end > begin) out.push_back(done->out.substr(begin, end - begin));
  return out;
}

TEST(Completion, offers_commands_options_and_names) {
  EXPECT_THAT(offered({"sluice", "st"}), ElementsAre("stack", "stage", "status"));
  EXPECT_THAT(offered({"sluice", "stage", "s"}), ElementsAre("set", "show"));
  EXPECT_THAT(offered({"sluice", "retry", "shop", "prod", "--"}), ElementsAre("--deployment", "--help", "--json"));
  EXPECT_THAT(offered({"sluice", "status", ""}), ElementsAre("shop"));
  EXPECT_THAT(offered({"sluice", "stack", "delete", ""}), ElementsAre("shop"));
  EXPECT_THAT(offered({"sluice", "approve", "shop", ""}), ElementsAre("dev", "prod"));
  EXPECT_THAT(offered({"sluice", "env", "copy", "shop", "dev", "p"}), ElementsAre("prod"));
  EXPECT_THAT(offered({"sluice", "--"}), ElementsAre("--help", "--version"));
}

TEST(Completion, knows_what_an_option_takes) {
  EXPECT_THAT(offered({"sluice", "wait", "shop", "--for", ""}), ElementsAre("approval", "end", "success"));
  EXPECT_THAT(offered({"sluice", "wait", "--timeout", "5m", "shop", ""}), ElementsAre("dev", "prod"));
  EXPECT_THAT(offered({"sluice", "stage", "add", "shop", "eu", "--after", ""}), ElementsAre("dev", "prod"));
  EXPECT_THAT(offered({"sluice", "retry", "shop", "prod", "--deployment", ""}), ElementsAre("dep_1"));
  EXPECT_THAT(offered({"sluice", "serve", "--data", "/de"}), IsSupersetOf({"/dev"}));
  EXPECT_THAT(offered({"sluice", "completion", ""}), ElementsAre("bash", "zsh"));
}

TEST(Completion, offers_nothing_where_only_a_person_knows) {
  EXPECT_THAT(offered({"sluice", "stage", "delete", "shop", "dev", "--confirm", ""}), ElementsAre());
  EXPECT_THAT(offered({"sluice", "changes", "shop", "--commit", ""}), ElementsAre());
  EXPECT_THAT(offered({"sluice", "env", "set", "shop", "dev", ""}), ElementsAre());
  EXPECT_THAT(offered({"sluice", "pause", "shop", "dev", ""}), ElementsAre());
  EXPECT_THAT(offered({"sluice", "nonsense", ""}), ElementsAre());
}

}  // namespace
}  // namespace sluice::cli
