#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/pipeline_view.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

struct Decided {
  std::int64_t change = 0;
  json::value answer;
};

// Shows what is asked for, then decides. The decision names the change that was shown (R4.4): should a newer one take
// its place in between, the server refuses and says so.
Result<Decided> decide(Context& context, const char* word) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto pending = server->get(path_of({"stacks", args.stack, "stages", args.stage, "approval"}));
  if (!pending && pending.error().kind != ErrorKind::not_found) return fail(pending.error());
  const std::int64_t waits = pending ? number_at(*pending, "change") : 0;
  if (waits == 0 && !args.change)
    return fail(pending ? Error{ErrorKind::conflict,
                                fmt::format("nothing waits for a decision at {} of {}", args.stage, args.stack),
                                {}}
                        : pending.error());
  const std::int64_t change = args.change.value_or(waits);
  if (change == waits && !args.json)
    say(shipment_text(*pending, args.stack, args.stage, SystemClock().now(), context.screen));

  json::object body{{"change", change}};
  if (args.comment) body["comment"] = *args.comment;
  auto answer = server->send("POST", path_of({"stacks", args.stack, "stages", args.stage, word}), body);
  if (!answer) return fail(answer.error());
  return Decided{change, std::move(*answer)};
}

}  // namespace

Result<Exit> approve(Context& context) {
  auto decided = decide(context, "approve");
  if (!decided) return fail(decided.error());
  if (said_json(context, decided->answer)) return Exit::done;
  const auto& [stack, stage] = std::pair(context.args.stack, context.args.stage);
  say(fmt::format("Approved: #{} goes to {}; follow it: sluice wait {} {} --change {}\n", decided->change, stage, stack,
                  stage, decided->change));
  return Exit::done;
}

Result<Exit> reject(Context& context) {
  auto decided = decide(context, "reject");
  if (!decided) return fail(decided.error());
  if (!said_json(context, decided->answer))
    say(fmt::format("Rejected: #{} ends at {}; what runs there runs on.\n", decided->change, context.args.stage));
  return Exit::done;
}

Result<Exit> approvals(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list("/approvals", {{"state", "pending"}}, 1000);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"STACK"}, {"STAGE"}, {"CHANGE"}, {"COMMIT"}, {"SUBJECT"}, {"SINCE"}};
  table.shrink = 4;
  const Time now = SystemClock().now();
  for (const auto& item : list_at(*answer, "items")) {
    const auto since = time_at(item, "since");
    table.rows.push_back({{one_line(text_at(item, "stack")), Colour::bold},
                          {one_line(text_at(item, "stage")), Colour::bold},
                          {fmt::format("#{}", number_at(item, "change"))},
                          {short_commit(text_at(item, "commit")), Colour::dim},
                          {subject(text_at(item, "message"))},
                          {since ? age(*since, now) : "", Colour::dim}});
  }
  if (table.rows.empty()) {
    say("nothing waits for a decision\n");
    return Exit::done;
  }
  say(render(table, context.screen.columns, context.screen.colour));
  say("Decide with: sluice approve STACK STAGE, or sluice reject STACK STAGE -m WHY\n");
  return Exit::done;
}

}  // namespace sluice::cli
