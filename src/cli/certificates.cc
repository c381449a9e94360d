#include <fmt/format.h>

#include "cli/config.h"
#include "cli/context.h"
#include "cli/json.h"

namespace sluice::cli {
namespace {

std::string path_to(const Args& args) {
  return path_of({"stacks", args.stack, "stages", args.stage, "certificates", args.name});
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
  table.head = {{"DOMAIN"}, {"CERTIFICATE ENDS"}};
  for (const auto& one : list_at(*answer, "items")) {
    const auto ends = text_at(one, "ends_at");
    table.rows.push_back(
        {{one_line(text_at(one, "domain")), Colour::bold}, {ends.empty() ? "none" : ends.substr(0, 10)}});
  }
  say(table.rows.empty()
          ? fmt::format("no domains; add one: sluice stage set {} {} --domain DOMAIN\n", args.stack, args.stage)
          : render(table, context.screen.columns, context.screen.colour));
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
