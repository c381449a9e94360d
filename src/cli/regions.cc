#include <fmt/format.h>

#include "cli/config.h"
#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {

Result<Exit> region_add(Context& context) {
  const Args& args = context.args;
  boost::json::object body{{"name", args.name}};
  if (args.platform) body["platform"] = *args.platform;
  if (args.gateway) body["gateway"] = *args.gateway;
  if (args.gateway_tls) body["gateway_tls"] = *args.gateway_tls;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("POST", path_of({"regions"}), body);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} is up; its stages are reached at {}.\n", args.name, text_at(*answer, "gateway")));
  if (const auto notice = text_at(*answer, "notice"); !notice.empty()) say(notice + "\n");
  say(fmt::format("Next: sluice stage add STACK STAGE --region {}\n", args.name));
  return Exit::done;
}

Result<Exit> region_list(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"regions"}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"REGION"}, {"STATE"}, {"GATEWAY"}, {"TLS"}, {"STAGES"}, {"PROBLEM"}};
  for (const auto& one : list_at(*answer, "items")) {
    const bool up = text_at(one, "state") == "up";
    const auto tls = number_at(one, "gateway_tls");
    table.rows.push_back({{one_line(text_at(one, "name")), Colour::bold},
                          {text_at(one, "state"), up ? Colour::green : Colour::red},
                          {text_at(one, "gateway")},
                          {tls == 0 ? "" : std::to_string(tls)},
                          {std::to_string(number_at(one, "stages"))},
                          {one_line(text_at(one, "problem"))}});
  }
  say(render(table, context.screen.columns, context.screen.colour));
  return Exit::done;
}

Result<Exit> region_remove(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"regions", args.name}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} is gone; backups of its databases are kept.\n", args.name));
  return Exit::done;
}

}  // namespace sluice::cli
