#include <cstdio>
#include <thread>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/usage_view.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

using namespace std::chrono_literals;

Result<json::value> fetch(const Context& context, Server& server) {
  return server.list("/usage", {{"stack", context.args.stack}}, 10'000);
}

// How long until there is something new to see.
Duration pause_after(const json::value& answer) {
  const auto& stages = list_at(answer, "items");
  if (stages.empty()) return 10s;
  const auto next = time_at(stages.front(), "next_at").value_or(Time{});
  return std::clamp<Duration>(next - SystemClock().now() + 300ms, 1s, 15s);
}

// Until it is interrupted: drawn over on a terminal, elsewhere one after the other.
Result<Exit> watch(Context& context, Server& server) {
  if (context.screen.moves) hide_cursor();
  bool first = true;
  for (;;) {
    const Screen screen = standard_output(context.env);
    const auto answer = fetch(context, server);
    if (!answer && (first || answer.error().kind != ErrorKind::unavailable)) {
      if (context.screen.moves) show_cursor();
      return fail(answer.error());
    }
    const auto text = answer ? top_text(list_at(*answer, "items"), screen)
                             : std::string("the server is out of reach; trying again\n");
    if (screen.moves) {
      say((first || was_suspended() ? "\x1b[2J" : "") + drawn_over(text, screen.rows));
    } else {
      say((first ? "" : "\n") + text);
    }
    std::fflush(stdout);
    first = false;
    std::this_thread::sleep_for(answer ? pause_after(*answer) : 2s);
  }
}

}  // namespace

Result<Exit> top(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  if (context.args.watch && context.args.json)
    return fail(ErrorKind::invalid, "--watch draws for people; leave out --json, or ask again after next_at");
  if (context.args.watch) return watch(context, *server);
  auto answer = fetch(context, *server);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(top_text(list_at(*answer, "items"), context.screen));
  return Exit::done;
}

Result<Exit> usage(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(
      path_of({"stacks", args.stack, "stages", args.stage, "usage"}, {{"since", args.since.value_or("24h")}}));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(usage_text(*answer, context.screen));
  return Exit::done;
}

Result<Exit> prices(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  const bool sets = args.currency || args.instance_hour || args.gb_hour;
  json::object wanted;
  if (args.currency) wanted["currency"] = *args.currency;
  if (args.instance_hour) wanted["instance_hour"] = *args.instance_hour;
  if (args.gb_hour) wanted["gb_hour"] = *args.gb_hour;
  auto answer = sets || args.none ? server->send("PUT", "/prices", wanted) : server->get("/prices");
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(prices_text(*answer));
  return Exit::done;
}

}  // namespace sluice::cli
