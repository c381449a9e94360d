#include <fmt/format.h>

#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;

Result<Exit> key_create(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer =
      server->send("POST", path_of({"stacks", args.stack, "stages", args.stage, "keys"}), {{"name", args.name}});
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(
      fmt::format("The key {} opens {} of {}; it is shown this once:\n\n  {}\n\n"
                  "As X-Api-Key, as a bearer token, or as the password with any user name.\n",
                  args.name, args.stage, args.stack, text_at(*answer, "key")));
  if (const auto notice = text_at(*answer, "notice"); !notice.empty()) say(one_line(notice) + "\n");
  return Exit::done;
}

Result<Exit> key_list(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"stacks", args.stack, "stages", args.stage, "keys"}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"KEY"}, {"MADE"}, {"BY"}};
  const auto now = SystemClock().now();
  for (const auto& key : list_at(*answer, "items")) {
    table.rows.push_back({{one_line(text_at(key, "name")), Colour::bold},
                          {age(time_at(key, "created_at").value_or(now), now)},
                          {one_line(text_at(key, "created_by"))}});
  }
  say(table.rows.empty() ? fmt::format("no keys; make one: sluice key create {} {} NAME\n", args.stack, args.stage)
                         : render(table, context.screen.columns, context.screen.colour));
  return Exit::done;
}

Result<Exit> key_revoke(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"stacks", args.stack, "stages", args.stage, "keys", args.name}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("The key {} opens {} of {} no more.\n", args.name, args.stage, args.stack));
  return Exit::done;
}

Result<Exit> purge(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"stacks", args.stack, "stages", args.stage, "cache"}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("The gateway keeps no answer of {} of {} any more; the next ones are the app's own.\n", args.stage,
                  args.stack));
  return Exit::done;
}

}  // namespace sluice::cli
