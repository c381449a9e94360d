#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace {

Colour colour_of(const std::string& what) {
  return what == "added" ? Colour::green : what == "removed" ? Colour::red : Colour::plain;
}

// A row a variable; who and when stands with the first of a save.
std::string history_text(const boost::json::array& saves, Time now, bool colour) {
  Table table;
  table.head = {{"WHEN"}, {"BY"}, {"KIND"}, {"NAME"}, {"WHAT"}, {"REVISION"}};
  for (const auto& save : saves) {
    const auto at = time_at(save, "at");
    std::string how;
    if (has(save, "copied_from")) how = ", copied from " + text_at(save, "copied_from");
    if (has(save, "taken_from_revision"))
      how = fmt::format(", as in revision {}", number_at(save, "taken_from_revision"));
    bool first = true;
    for (const auto& variable : list_at(save, "variables")) {
      const auto what = text_at(variable, "what");
      table.rows.push_back({{first && at ? age(*at, now) : "", Colour::dim},
                            {first ? one_line(text_at(save, "by")) : ""},
                            {text_at(variable, "kind"), Colour::dim},
                            {one_line(text_at(variable, "name")), Colour::bold},
                            {what + how, colour_of(what)},
                            {first ? std::to_string(number_at(save, "settings_revision")) : "", Colour::dim}});
      first = false;
    }
  }
  return table.rows.empty() ? "nobody changed a variable yet\n" : render(table, 0, colour);
}

}  // namespace

Result<Exit> env_history(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list(path_of({"stacks", args.stack, "stages", args.stage, "variables", "history"}), {},
                             static_cast<std::size_t>(args.limit));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say(history_text(list_at(*answer, "items"), SystemClock().now(), context.screen.colour));
  return Exit::done;
}

}  // namespace sluice::cli
