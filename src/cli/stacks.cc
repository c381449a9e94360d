#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/pipeline_view.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

bool is_hosted(const json::value& stack) { return text_at(stack, "repository.kind") != "remote"; }
// Where `git push` goes, or where a remote one lies.
std::string push_url(const Server& server, const json::value& stack) {
  if (!is_hosted(stack)) return text_at(stack, "repository.url");
  if (const auto said = text_at(stack, "git_url"); !said.empty()) return said;
  return fmt::format("{}/git/{}.git", server.login().url, text_at(stack, "name"));
}

}  // namespace

Result<Exit> stack_create(Context& context) {
  const Args& args = context.args;
  json::object repository;
  if (args.repo) repository["url"] = *args.repo;
  if (args.branch) repository["branch"] = *args.branch;
  if (args.repo_token) {
    auto token = secret_value(*args.repo_token, "--repo-token");
    if (!token) return fail(token.error());
    repository["token"] = *token;
  }
  if (args.deploy_key) {
    auto key = secret_value(*args.deploy_key, "--deploy-key");
    if (!key) return fail(key.error());
    repository["deploy_key"] = *key;
  }
  json::object body{{"name", args.name}};
  if (!repository.empty()) body["repository"] = repository;
  if (args.first_stage) body["stage"] = *args.first_stage;

  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("POST", "/stacks", body);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  const std::string branch =
      text_at(*answer, "repository.branch").empty() ? "main" : text_at(*answer, "repository.branch");
  say(fmt::format("Stack {} is made, with the stage {}.\n", args.name, args.first_stage.value_or("dev")));
  if (is_hosted(*answer))
    say(
        fmt::format("Push to it, in your repository:\n"
                    "  git config credential.{}.helper '!sluice git-credential'\n"
                    "  git remote add sluice {}\n"
                    "  git push sluice {}\n",
                    origin_of(server->login().url), push_url(*server, *answer), branch));
  return Exit::done;
}

Result<Exit> stack_list(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list("/stacks", {}, 1000);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(stacks_text(list_at(*answer, "items"), SystemClock().now(), context.screen));
  return Exit::done;
}

Result<Exit> stack_show(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"stacks", context.args.name}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{}\nrepository: {}\nbranch:     {}\n\n",
                  paint(text_at(*answer, "name"), Colour::bold, context.screen.colour),
                  one_line(push_url(*server, *answer)), one_line(text_at(*answer, "repository.branch"))));
  say(pipeline_text(list_at(*answer, "stages"), SystemClock().now(), context.screen));
  return Exit::done;
}

Result<Exit> stack_set(Context& context) {
  const Args& args = context.args;
  json::object repository;
  if (args.branch) repository["branch"] = *args.branch;
  if (args.repo) repository["url"] = *args.repo;
  if (repository.empty()) return fail(ErrorKind::invalid, "there is nothing to change: say --branch BRANCH");
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("PATCH", path_of({"stacks", args.name}), json::object{{"repository", repository}});
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say(fmt::format("Stack {} takes check-ins from the branch {}.\n", args.name,
                    one_line(text_at(*answer, "repository.branch"))));
  return Exit::done;
}

Result<Exit> stack_delete(Context& context) {
  auto sure = confirm_delete(
      context, fmt::format("the stack {}, every stage of it and its hosted repository", context.args.name));
  if (!sure) return fail(sure.error());
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"stacks", context.args.name}, {{"confirm", "delete"}}));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(fmt::format("Stack {} is being deleted.\n", context.args.name));
  return Exit::done;
}

}  // namespace sluice::cli
