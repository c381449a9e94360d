#include "cli/context.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/json.h"

namespace sluice::cli {

Result<Server> connect(const Context& context) {
  auto login = find_login(context.env);
  if (!login) return fail(login.error());
  return Server(std::move(*login));
}

void say(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

bool said_json(const Context& context, const boost::json::value& answer) {
  if (context.args.json) say(pretty(answer));
  return context.args.json;
}

std::string flag_of(const std::string& field, const std::string& command) {
  static const std::map<std::string, std::string> flags{{"requires_approval", "--approval"},
                                                        {"database", "--database"},
                                                        {"database.kind", "--database"},
                                                        {"database.url", "--database"},
                                                        {"endpoint", "--endpoint"},
                                                        {"caching", "--caching"},
                                                        {"instances", "--instances"},
                                                        {"region", "--region"},
                                                        {"access", "--access"},
                                                        {"limits", "--no-limits"},
                                                        {"limits.rate", "--rate"},
                                                        {"limits.burst", "--burst"},
                                                        {"limits.body_bytes", "--body-limit"},
                                                        {"limits.answer_seconds", "--answer-limit"},
                                                        {"cache", "--caching"},
                                                        {"cache.seconds", "--cache-for"},
                                                        {"cache.paths", "--cache-path"},
                                                        {"sticky", "--sticky"},
                                                        {"resources.memory", "--memory"},
                                                        {"resources.cpu", "--cpu"},
                                                        {"sleep_after", "--sleep-after"},
                                                        {"hours", "--hours"},
                                                        {"domains", "--domain"},
                                                        {"certificate", "--certificate"},
                                                        {"platform", "--platform"},
                                                        {"gateway", "--gateway"},
                                                        {"gateway_tls", "--gateway-tls"},
                                                        {"key", "--key"},
                                                        {"copy_from", "--copy-from"},
                                                        {"before", "--before"},
                                                        {"after", "--after"},
                                                        {"repository.url", "--repo"},
                                                        {"repository.branch", "--branch"},
                                                        {"repository.token", "--repo-token"},
                                                        {"repository.deploy_key", "--deploy-key"},
                                                        {"change", "--change"},
                                                        {"deployment", "--deployment"},
                                                        {"comment", "-m"},
                                                        {"to", "--to"},
                                                        {"settings", "--settings"},
                                                        {"rebuild", "--rebuild"},
                                                        {"role", "--role"},
                                                        {"expires_in", "--expires"},
                                                        {"since", "--since"},
                                                        {"currency", "--currency"},
                                                        {"instance_hour", "--instance-hour"},
                                                        {"gb_hour", "--gb-hour"},
                                                        {"commit", "--commit"},
                                                        {"confirm", "--confirm"},
                                                        {"limit", "--limit"}};
  if (field == "name") return command == "stage add" ? "STAGE" : "NAME";
  if (field == "stage" && command == "stack create") return "--stage";
  if (auto found = flags.find(field); found != flags.end()) return found->second;
  return field;
}

std::string sentence_of(const Error& error, const std::string& command) {
  if (error.fields.empty()) return error.message;
  std::string out;
  for (const auto& [field, message] : error.fields) {
    if (!out.empty()) out += "; ";
    out += field.empty() ? message : fmt::format("{}: {}", flag_of(field, command), message);
  }
  return out;
}

Result<> confirm_delete(const Context& context, const std::string& what) {
  return confirm_word(context, "delete", what);
}

Result<> confirm_word(const Context& context, const std::string& word, const std::string& what) {
  if (context.args.confirm) {
    if (*context.args.confirm == word) return {};
    return fail(ErrorKind::invalid,
                fmt::format("--confirm takes exactly the word {}, not \"{}\"", word, one_line(*context.args.confirm)));
  }
  if (!can_ask())
    return fail(ErrorKind::invalid, word == "delete"
                                        ? fmt::format("deleting {} cannot be undone; add --confirm delete", what)
                                        : fmt::format("this replaces {}; add --confirm {}", what, word));
  auto typed = ask(fmt::format("This {}s {}. Type {} to go on: ", word, what, word), false);
  if (!typed) return fail(typed.error());
  if (*typed != word)
    return fail(ErrorKind::cancelled, fmt::format("nothing was {}d: the word typed was not {}", word, word));
  return {};
}

}  // namespace sluice::cli
