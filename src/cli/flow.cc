#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

Result<json::value> ask_for(Context& context, const char* word, const json::object& body) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  return server->send("POST", path_of({"stacks", context.args.stack, "stages", context.args.stage, word}), body);
}

// What the accepted deployment is going to do, from the server's own answer.
void say_deployment(const Context& context, const json::value& deployment, const std::string& what) {
  const Args& args = context.args;
  const auto state = text_at(deployment, "state");
  say(fmt::format("{} ({}{}); follow it: sluice wait {} {} --change {}\n", what, text_at(deployment, "id"),
                  state == "queued" ? ", it waits for the one that runs" : "", args.stack, args.stage,
                  number_at(deployment, "change")));
  if (const auto notice = text_at(deployment, "notice"); !notice.empty()) say(one_line(notice) + "\n");
}

}  // namespace

Result<Exit> retry(Context& context) {
  json::object body;
  if (context.args.deployment) body["deployment"] = *context.args.deployment;
  auto answer = ask_for(context, "retry", body);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say_deployment(context, *answer,
                   fmt::format("#{} is tried again at {}", number_at(*answer, "change"), context.args.stage));
  return Exit::done;
}

Result<Exit> redeploy(Context& context) {
  json::object body;
  if (context.args.rebuild) body["rebuild"] = true;
  auto answer = ask_for(context, "redeploy", body);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say_deployment(context, *answer,
                   fmt::format("{} deploys #{} again with the settings of now{}", context.args.stage,
                               number_at(*answer, "change"), context.args.rebuild ? ", built anew" : ""));
  return Exit::done;
}

Result<Exit> rollback(Context& context) {
  const Args& args = context.args;
  json::object body;
  if (args.to) body["to"] = *args.to;
  if (args.settings) body["settings"] = *args.settings;
  if (args.build) body["build"] = true;
  if (args.pause) body["pause"] = true;
  auto answer = ask_for(context, "rollback", body);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say_deployment(context, *answer,
                 fmt::format("{} goes back to what #{} ran", args.stage, number_at(*answer, "change")));
  say(args.pause ? "The gate is closed; open it again: sluice resume " + args.stack + " " + args.stage + "\n"
                 : "The next newer check-in arrives as usual (--pause would hold it).\n");
  return Exit::done;
}

Result<Exit> promote(Context& context) {
  auto answer = ask_for(context, "promote", {{"change", *context.args.change}});
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say_deployment(context, *answer, fmt::format("#{} goes to {}", *context.args.change, context.args.stage));
  return Exit::done;
}

Result<Exit> pause(Context& context) {
  auto answer = ask_for(context, "pause", {});
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} of {} is paused: nothing new starts there by flow; what runs, runs on.\n", context.args.stage,
                  context.args.stack));
  if (has(*answer, "held")) say(fmt::format("#{} is held at its gate.\n", number_at(*answer, "held.change")));
  return Exit::done;
}

Result<Exit> resume(Context& context) {
  auto answer = ask_for(context, "resume", {});
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} of {} is open again.\n", context.args.stage, context.args.stack));
  if (has(*answer, "approval"))
    say(fmt::format("#{} waits for approval.\n", number_at(*answer, "approval.change")));
  else if (has(*answer, "active"))
    say(fmt::format("#{} is being deployed.\n", number_at(*answer, "active.change")));
  return Exit::done;
}

Result<Exit> cancel(Context& context) {
  const Args& args = context.args;
  std::string id = args.first;
  if (args.stage.empty() && !id.starts_with("dep_"))
    return fail(
        ErrorKind::invalid,
        fmt::format(
            "\"{}\" is not a deployment's id; say cancel STACK STAGE, or an id that `sluice deployments STACK` shows",
            one_line(id)));
  auto server = connect(context);
  if (!server) return fail(server.error());
  if (!args.stage.empty()) {
    auto stage = server->get(path_of({"stacks", args.first, "stages", args.stage}));
    if (!stage) return fail(stage.error());
    id = text_at(*stage, "active.deployment");
    if (id.empty()) id = text_at(*stage, "waiting.deployment");
    if (id.empty())
      return fail(ErrorKind::conflict, fmt::format("nothing runs or waits at {} of {}", args.stage, args.first));
  }
  auto answer = server->send("POST", path_of({"deployments", id, "cancel"}), json::object{});
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  const auto state = text_at(*answer, "state");
  say(fmt::format("#{} at {} is {} ({}).\n", number_at(*answer, "change"), text_at(*answer, "stage"),
                  state.empty() ? "cancelling" : state, id));
  return Exit::done;
}

}  // namespace sluice::cli
