#include <fmt/format.h>

#include "cli/config.h"
#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace {

std::string path_to(const Args& args) {
  return path_of({"stacks", args.stack, "stages", args.stage, "certificates", args.name});
}

std::string day_of(const std::string& time) { return time.substr(0, 10); }

// What happens next, beside the day on which one ends.
std::string note_of(const boost::json::value& one) {
  const auto next = text_at(one, "next_try_at");
  if (one.as_object().contains("obtaining")) return "one is being got";
  if (one.as_object().contains("error"))
    return fmt::format("failed, tried again {}", next.substr(0, 16) + (next.empty() ? "" : "Z"));
  if (next.empty()) return "";
  return text_at(one, "ends_at").empty() ? "one is got soon" : "renewed by itself from " + day_of(next);
}

}  // namespace

Result<Exit> certificate_add(Context& context) {
  const Args& args = context.args;
  auto certificate = secret_value(args.certificate.value_or(""), "--certificate");
  if (!certificate) return fail(certificate.error());
  auto key = secret_value(args.key.value_or(""), "--key");
  if (!key) return fail(key.error());
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("PUT", path_to(args), {{"certificate", *certificate}, {"key", *key}});
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} is answered over TLS; its certificate ends {}.\n", args.name,
                  text_at(*answer, "ends_at").substr(0, 10)));
  return Exit::done;
}

Result<Exit> certificate_list(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"stacks", args.stack, "stages", args.stage, "certificates"}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"DOMAIN"}, {"CERTIFICATE ENDS"}, {""}};
  std::string failures;
  for (const auto& one : list_at(*answer, "items")) {
    const auto ends = text_at(one, "ends_at");
    table.rows.push_back(
        {{one_line(text_at(one, "domain")), Colour::bold}, {ends.empty() ? "none" : day_of(ends)}, {note_of(one)}});
    if (const auto error = text_at(one, "error"); !error.empty())
      failures += fmt::format("\n{}: {}\n", one_line(text_at(one, "domain")), one_line(error));
  }
  say(table.rows.empty()
          ? fmt::format("no domains; add one: sluice stage set {} {} --domain DOMAIN\n", args.stack, args.stage)
          : render(table, context.screen.columns, context.screen.colour) + failures);
  return Exit::done;
}

Result<Exit> certificate_renew(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("POST", path_to(args) + "/renew");
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("The certificate authority is asked; \"sluice certificate list {} {}\" says how it ends.\n",
                  args.stack, args.stage));
  return Exit::done;
}

Result<Exit> certificate_remove(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_to(args));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("{} has no certificate any more and is answered over plain HTTP.\n", args.name));
  return Exit::done;
}

}  // namespace sluice::cli
