#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include <filesystem>

#include "base/files.h"
#include "cli/completion.h"
#include "cli/context.h"

namespace sluice::cli {
namespace {
using testing::HasSubstr;

Hooks all_hooks() {
  Hooks hooks;
  hooks.version = "9.9.9";
  hooks.serve = [](const ServeOptions&) { return 0; };
  hooks.down = [](const DownOptions&) { return 0; };
  hooks.create_token = [](const LocalTokenOptions&) { return Result<boost::json::object>(); };
  hooks.examine = [](const std::filesystem::path&) { return Result<boost::json::object>(); };
  return hooks;
}
Parsed typed(std::vector<std::string> words) { return parse(words, all_hooks()); }

TEST(Parse, reads_a_stage_with_all_its_settings) {
  auto parsed = typed({"stage", "add", "shop", "prod", "--before", "eu", "--approval", "--instances", "3", "--database",
                       "none", "--no-caching", "--json"});
  ASSERT_TRUE(parsed.args) << parsed.err;
  const Args& args = *parsed.args;
  EXPECT_EQ(args.command, "stage add");
  EXPECT_EQ(args.stack, "shop");
  EXPECT_EQ(args.stage, "prod");
  EXPECT_EQ(args.before, "eu");
  EXPECT_EQ(args.after, std::nullopt);
  EXPECT_EQ(args.approval, true);
  EXPECT_EQ(args.caching, false);
  EXPECT_EQ(args.instances, 3);
  EXPECT_TRUE(args.json);
}

TEST(Parse, what_was_not_typed_is_not_there) {
  auto parsed = typed({"stage", "set", "shop", "prod"});
  ASSERT_TRUE(parsed.args);
  EXPECT_EQ(parsed.args->approval, std::nullopt);
  EXPECT_EQ(parsed.args->instances, std::nullopt);
}

TEST(Parse, R8_2_a_retry_may_name_its_deployment) {
  EXPECT_EQ(typed({"retry", "shop", "dev"}).args->deployment, std::nullopt);
  auto parsed = typed({"retry", "shop", "dev", "--deployment", "dep_1"});
  ASSERT_TRUE(parsed.args) << parsed.err;
  EXPECT_EQ(parsed.args->deployment, "dep_1");
  EXPECT_EQ(sentence_of({ErrorKind::invalid, "x", {{"deployment", "is not one"}}}, "retry"),
            "--deployment: is not one");
}

TEST(Parse, serve_knows_what_was_typed) {
  auto parsed = typed({"serve", "--data", "/tmp/x", "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(parsed.args) << parsed.err;
  EXPECT_EQ(parsed.args->serve.data, "/tmp/x");
  EXPECT_EQ(parsed.args->serve.listen, "127.0.0.1:0");
  EXPECT_TRUE(parsed.args->serve.listen_given);
  EXPECT_FALSE(parsed.args->serve.gateway_given);
  EXPECT_EQ(parsed.args->serve.gateway, "127.0.0.1:8080");
}

struct Wrong {
  std::vector<std::string> words;
  std::string says;
};
TEST(Parse, wrong_usage_is_one_sentence_that_says_what_to_do) {
  const std::vector<Wrong> cases{
      {{}, "say what to do"},
      {{"statsu"}, "did you mean sluice status?"},
      {{"stage", "ad"}, "did you mean sluice stage add?"},
      {{"stage"}, "sluice stage needs a command: add, list, show, set, delete"},
      {{"stage", "add", "shop"}, "STAGE is required"},
      {{"stage", "add", "shop", "prod", "--aproval"},
       "--aproval is not an option of sluice stage add; did you mean --approval?"},
      {{"stage", "add", "shop", "prod", "--endpoint", "nginx"}, "\"nginx\" is not one of api_gateway, load_balancer"},
      {{"stage", "add", "shop", "prod", "--instances", "many"}, "--instances takes a whole number, not \"many\""},
      {{"logs", "shop", "prod", "--build", "--release"}, "cannot go with"},
      {{"serve", "--listen", "nowhere"}, "is not ADDRESS:PORT"},
      {{"serve", "--listen", "127.0.0.1:70000"}, "is not ADDRESS:PORT"},
      {{"serve", "--gateway", "8080"}, "is not ADDRESS:PORT"},
      {{"serve", "--gateway", "[::1]:0"}, "the gateway listens on IPv4 only; type 127.0.0.1:0"},
      {{"serve", "--gateway", "localhost:8080"}, "the gateway listens on IPv4 only; type 127.0.0.1:8080"},
      {{"status", "a", "b"}, "b"},
  };
  for (const auto& [words, says] : cases) {
    auto parsed = typed(words);
    EXPECT_FALSE(parsed.args);
    EXPECT_EQ(parsed.exit, Exit::usage);
    EXPECT_THAT(parsed.err, HasSubstr(says));
    EXPECT_EQ(parsed.err.find('\n'), std::string::npos) << parsed.err;
  }
}

TEST(Parse, what_the_server_machine_adds_is_there_only_with_its_hook) {
  EXPECT_FALSE(parse({"serve"}, Hooks{}).args);
  EXPECT_FALSE(parse({"token", "create", "x", "--data", "/tmp"}, Hooks{}).args);
  EXPECT_TRUE(typed({"token", "create", "x", "--data", "/tmp"}).args);
}

bool is_group(const std::string& name) {
  return std::set<std::string>{"stack", "stage", "certificate", "key", "db", "env", "token", "region"}.contains(name);
}

TEST(Parse, db_with_a_stage_opens_its_database) {
  const auto parsed = parse({"db", "shop", "dev", "--json"}, all_hooks());
  ASSERT_TRUE(parsed.args) << parsed.err;
  EXPECT_EQ(parsed.args->command, "db psql");
  EXPECT_EQ(parsed.args->stack + "/" + parsed.args->stage, "shop/dev");
  EXPECT_TRUE(parsed.args->json);
  const auto list = parse({"db", "list", "shop"}, all_hooks());
  ASSERT_TRUE(list.args) << list.err;
  EXPECT_EQ(list.args->command, "db list");
  EXPECT_EQ(parse({"db"}, all_hooks()).exit, Exit::usage);
}

TEST(Parse, every_command_has_help_with_an_example) {
  for (const auto& shape : command_shapes(all_hooks())) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < shape.name.size();) {
      const auto end = std::min(shape.name.find(' ', i), shape.name.size());
      words.push_back(shape.name.substr(i, end - i));
      i = end + 1;
    }
    words.emplace_back("--help");
    auto parsed = typed(words);
    EXPECT_EQ(parsed.exit, Exit::done);
    EXPECT_THAT(parsed.out, HasSubstr("sluice " + shape.name));
    EXPECT_THAT(parsed.out, testing::Not(HasSubstr(":INT"))) << "a placeholder says it in the words of a person";
    if (!is_group(shape.name)) {
      EXPECT_THAT(parsed.out, HasSubstr("Example:\n  ")) << shape.name;
    }
  }
}

TEST(Parse, every_command_of_the_grammar_is_carried_out_by_somebody) {
  const auto shapes = command_shapes(all_hooks());
  std::size_t leaves = 0;
  for (const auto& shape : shapes) {
    if (shape.name == "serve" || shape.name == "down") continue;
    if (is_group(shape.name)) continue;
    EXPECT_TRUE(commands().contains(shape.name)) << shape.name;
    ++leaves;
  }
  EXPECT_EQ(leaves, commands().size());
}

std::filesystem::path packaging() { return std::filesystem::path(__FILE__).parent_path() / "../../packaging"; }

TEST(Packaging, completions_are_what_the_commands_say) {
  const auto shapes = command_shapes(all_hooks());
  EXPECT_EQ(read_file(packaging() / "completions/sluice.bash").value_or(""), bash_completion(shapes))
      << "write it anew: sluice completion bash > packaging/completions/sluice.bash";
  EXPECT_EQ(read_file(packaging() / "completions/_sluice").value_or(""), zsh_completion(shapes))
      << "write it anew: sluice completion zsh > packaging/completions/_sluice";
}

TEST(Packaging, the_man_page_names_every_command_and_option) {
  std::string page = read_file(packaging() / "sluice.1").value_or("");
  std::string plain;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page[i] == '\\' && i + 1 < page.size()) {
      if (page[i + 1] == '-') plain += '-';
      if (page[i + 1] == 'f')
        i += 2;
      else
        ++i;
      continue;
    }
    plain += page[i];
  }
  for (const auto& shape : command_shapes(all_hooks())) {
    EXPECT_THAT(plain, HasSubstr(shape.name));
    for (const auto& option : shape.options) EXPECT_THAT(plain, HasSubstr(option)) << shape.name;
  }
}

TEST(Errors, field_errors_are_named_as_they_were_typed) {
  EXPECT_EQ(sentence_of({ErrorKind::invalid, "x", {{"requires_approval", "must be true or false"}}}, "stage set"),
            "--approval: must be true or false");
  EXPECT_EQ(
      sentence_of({ErrorKind::invalid, "x", {{"name", "too long"}, {"repository.branch", "is empty"}}}, "stack create"),
      "NAME: too long; --branch: is empty");
  EXPECT_EQ(sentence_of({ErrorKind::invalid, "x", {{"name", "too long"}}}, "stage add"), "STAGE: too long");
  EXPECT_EQ(sentence_of({ErrorKind::conflict, "as it is", {}}, "retry"), "as it is");
}

TEST(Errors, exit_statuses_are_as_the_interface_says) {
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::conflict)), 1);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::not_found)), 1);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::failed)), 1);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::invalid)), 2);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::unavailable)), 3);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::forbidden)), 4);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::unauthenticated)), 4);
  EXPECT_EQ(static_cast<int>(exit_of(ErrorKind::timed_out)), 5);
}

}  // namespace
}  // namespace sluice::cli
