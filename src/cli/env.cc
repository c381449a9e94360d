#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <set>
#include <utility>

#include "base/files.h"
#include "cli/context.h"
#include "cli/dotenv.h"
#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

std::string kind_of(const Args& args) { return args.build ? "build" : "runtime"; }
// copy and diff speak of both kinds when neither is said.
std::vector<std::string> kinds_of(const Args& args) {
  if (args.build) return {"build"};
  if (args.runtime) return {"runtime"};
  return {"build", "runtime"};
}
std::string variables_path(const Args& args, const std::string& stage, const std::string& kind) {
  return path_of({"stacks", args.stack, "stages", stage, "variables", kind});
}
bool is_secret(const json::value& variable) { return true_at(variable, "secret"); }
std::string shown(const json::value& variable) {
  return is_secret(variable) ? "(secret)" : one_line(text_at(variable, "value"));
}

Result<json::object> variables(Server& server, const Args& args, const std::string& stage, const std::string& kind) {
  auto answer = server.get(variables_path(args, stage, kind));
  if (!answer) return fail(answer.error());
  return answer->is_object() ? answer->get_object() : json::object{};
}

struct Typed {
  std::string name, value;
  bool exposed = false;  // the value itself stood on the command line
};

// NAME=VALUE as typed, the value read from where it says. The value is never part of an error.
Result<Typed> pair_of(const Args& args, const std::string& typed, bool& standard_input_taken) {
  const auto equals = typed.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is not NAME=VALUE, NAME=- or NAME=@FILE", one_line(typed.substr(0, equals))));
  Typed out{typed.substr(0, equals), typed.substr(equals + 1)};
  const bool standard_input = out.value == "-";
  if (standard_input && std::exchange(standard_input_taken, true))
    return fail(ErrorKind::invalid,
                fmt::format("{}=-: standard input can be read for one variable only", one_line(out.name)));
  if (standard_input && args.secret && can_ask()) {
    auto asked = ask(fmt::format("Value of {} (not shown): ", one_line(out.name)), true);
    if (!asked) return fail(asked.error());
    if (asked->empty())
      return fail(ErrorKind::invalid, fmt::format("nothing was typed for {}; nothing was changed", one_line(out.name)));
    out.value = std::move(*asked);
    return out;
  }
  if (standard_input && can_ask())
    fmt::print(stderr, "Value of {}, ended by Ctrl-D on a line of its own:\n", one_line(out.name));
  out.exposed = !standard_input && !out.value.empty() && !out.value.starts_with('@');
  auto read = secret_value(out.value, out.name);
  if (!read) return fail(read.error());
  out.value = std::move(*read);
  return out;
}

// Other users of the machine see the words of a command, and the shell keeps them.
void warn_of_exposed(const Args& args, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::fflush(stdout);
  fmt::print(stderr,
             "sluice: the value of {} was in the process list and may be in the shell's history; let it be asked for "
             "instead: sluice env set {} {}{} --secret {}=-\n",
             one_line(fmt::format("{}", fmt::join(names, ", "))), args.stack, args.stage, args.build ? " --build" : "",
             one_line(names.front()));
}

std::string counted(std::size_t count) { return fmt::format("{} variable{}", count, count == 1 ? "" : "s"); }

// `what`: a sentence without its full stop.
void say_saved(const Args& args, const std::string& stage, const json::value& answer, const std::string& what) {
  say(fmt::format("{} (settings revision {}).\n", what, number_at(answer, "settings_revision")));
  if (has(answer, "deployment"))
    say(fmt::format("It redeploys #{} with them; follow it: sluice wait {} {} --change {}\n",
                    number_at(answer, "deployment.change"), args.stack, stage, number_at(answer, "deployment.change")));
  if (const auto notice = text_at(answer, "notice"); !notice.empty()) say(one_line(notice) + "\n");
}

}  // namespace

Result<Exit> env_list(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto found = variables(*server, context.args, context.args.stage, kind_of(context.args));
  if (!found) return fail(found.error());
  if (said_json(context, *found)) return Exit::done;
  Table table;
  for (const auto& [name, variable] : *found)
    table.rows.push_back(
        {{one_line(name), Colour::bold}, {shown(variable), is_secret(variable) ? Colour::dim : Colour::plain}});
  std::sort(table.rows.begin(), table.rows.end(),
            [](const auto& a, const auto& b) { return a.front().text < b.front().text; });
  say(table.rows.empty() ? fmt::format("no {} variables\n", kind_of(context.args))
                         : render(table, 0, context.screen.colour));
  return Exit::done;
}

Result<Exit> env_set(Context& context) {
  const Args& args = context.args;
  json::object body;
  const auto put = [&](const std::string& name, const std::string& value) {
    body[name] = args.secret ? json::object{{"value", value}, {"secret", true}} : json::object{{"value", value}};
  };
  bool standard_input_taken = args.from_file == "-";
  if (args.from_file) {
    auto text = *args.from_file == "-" ? secret_value("-", "--from-file") : read_file(*args.from_file, 8u << 20);
    if (!text) return fail(text.error().while_("--from-file"));
    auto pairs = parse_dotenv(*text);
    if (!pairs) return fail(pairs.error().while_("--from-file " + *args.from_file));
    for (const auto& [name, value] : *pairs) put(name, value);
  }
  std::vector<std::string> exposed;
  for (const auto& typed : args.pairs) {
    auto pair = pair_of(args, typed, standard_input_taken);
    if (!pair) return fail(pair.error());
    put(pair->name, pair->value);
    if (pair->exposed) exposed.push_back(pair->name);
  }
  if (args.secret) warn_of_exposed(args, exposed);
  if (body.empty()) return fail(ErrorKind::invalid, "there is nothing to set: say NAME=VALUE, or --from-file FILE");
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("PATCH", variables_path(args, args.stage, kind_of(args)), body);
  if (!answer) return fail(answer.error());
  if (!args.secret) {
    // One that is secret already stays it.
    std::erase_if(exposed, [&](const std::string& name) { return !true_at(*answer, "variables." + name + ".secret"); });
    warn_of_exposed(args, exposed);
  }
  if (!said_json(context, *answer))
    say_saved(args, args.stage, *answer, fmt::format("{} of {}: {} set", args.stage, args.stack, counted(body.size())));
  return Exit::done;
}

Result<Exit> env_unset(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto before = variables(*server, args, args.stage, kind_of(args));
  if (!before) return fail(before.error());
  json::object body;
  for (const auto& name : args.pairs) {
    if (!before->contains(name))
      return fail(ErrorKind::not_found, fmt::format("{} of {} has no {} variable {}; nothing was changed", args.stage,
                                                    args.stack, kind_of(args), one_line(name)));
    body[name] = nullptr;
  }
  auto answer = server->send("PATCH", variables_path(args, args.stage, kind_of(args)), body);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say_saved(args, args.stage, *answer,
              fmt::format("{} of {}: {} removed", args.stage, args.stack, counted(body.size())));
  return Exit::done;
}

Result<Exit> env_copy(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  json::object body{{"from", args.first}};
  if (args.build || args.runtime) body["kind"] = kind_of(args);
  auto answer = server->send("POST", path_of({"stacks", args.stack, "stages", args.second, "variables", "copy"}), body);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say_saved(args, args.second, *answer,
              fmt::format("{} of {} has the variables of {} now", args.second, args.stack, args.first));
  return Exit::done;
}

Result<Exit> env_diff(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  Table table;
  table.head = {{"KIND"}, {"NAME"}, {args.first}, {args.second}};
  bool secrets_in_both = false;
  for (const auto& kind : kinds_of(args)) {
    auto a = variables(*server, args, args.first, kind);
    if (!a) return fail(a.error());
    auto b = variables(*server, args, args.second, kind);
    if (!b) return fail(b.error());
    std::set<std::string> names;
    for (const auto& item : *a) names.emplace(item.key());
    for (const auto& item : *b) names.emplace(item.key());
    for (const auto& name : names) {
      const auto* left = a->if_contains(name);
      const auto* right = b->if_contains(name);
      if (left != nullptr && right != nullptr) {
        if (is_secret(*left) && is_secret(*right)) {
          secrets_in_both = true;
          continue;
        }
        if (*left == *right) continue;
      }
      table.rows.push_back({{kind, Colour::dim},
                            {one_line(name), Colour::bold},
                            {left == nullptr ? "-" : shown(*left), Colour::red},
                            {right == nullptr ? "-" : shown(*right), Colour::green}});
    }
  }
  say(table.rows.empty() ? "no difference\n" : render(table, 0, context.screen.colour));
  if (secrets_in_both) say("Secrets that both have were not compared: their values are never read back.\n");
  return Exit::done;
}

}  // namespace sluice::cli
