#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/context.h"
#include "cli/findings_view.h"
#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

Result<json::value> ask(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get("/doctor");
  if (answer || answer.error().kind != ErrorKind::unavailable) return answer;
  auto away = answer.error();
  away.message += " (on that machine, `sluice doctor --data DIR` looks without asking it)";
  return fail(std::move(away));
}

Result<json::value> look(Context& context) {
  auto found = context.hooks.examine(*context.args.data);
  if (!found) return fail(found.error());
  return json::value(std::move(*found));
}

}  // namespace

Result<Exit> doctor(Context& context) {
  auto answer = context.args.data ? look(context) : ask(context);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(findings_text(list_at(*answer, "items"), context.screen));
  return findings_of(list_at(*answer, "items"), "problem") == 0 ? Exit::done : Exit::failed;
}

}  // namespace sluice::cli
