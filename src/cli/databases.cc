#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/process.h"
#include "base/size.h"
#include "cli/context.h"
#include "cli/json.h"

// A stage's database: opened, backed up, restored, copied.
namespace sluice::cli {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kLookAgain{5};  // should the event stream be silent or broken

std::string database_of(const std::string& stack, const std::string& stage, const std::string& what = "") {
  return what.empty() ? path_of({"stacks", stack, "stages", stage, "database"})
                      : path_of({"stacks", stack, "stages", stage, "database", what});
}

// The newest that Debian has installed: what stands in /usr/bin looks for clusters that are none of ours.
std::string psql_program() {
  std::string found;
  int newest = 0;
  std::error_code error;
  for (fs::directory_iterator it("/usr/lib/postgresql", error), end; !error && it != end; it.increment(error)) {
    const auto program = it->path() / "bin" / "psql";
    const int version = std::atoi(it->path().filename().c_str());
    std::error_code missing;
    if (version <= newest || !fs::exists(program, missing)) continue;
    newest = version;
    found = program.string();
  }
  if (found.empty() && program_exists("psql")) found = "psql";
  return found;
}

bool on_this_machine(const std::string& url) {
  const auto begin = url.find("://");
  const auto host = begin == std::string::npos ? url : url.substr(begin + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

// Waits until what was begun has ended, and says how.
Result<json::value> await_task(Context& context, Server& server, const std::string& stack, const std::string& stage) {
  const auto limit = parse_duration(context.args.timeout);
  if (!limit)
    return fail(ErrorKind::invalid,
                fmt::format("--timeout: \"{}\" is not a time such as 90s or 10m", one_line(context.args.timeout)));
  const auto deadline = steady_clock::now() + *limit;
  Server stream(server.login());
  std::string last_id;
  json::value now;
  Result<> problem;
  const auto look = [&] {
    auto got = server.get(database_of(stack, stage));
    problem = got ? Result<>{} : fail(got.error());
    if (got) now = std::move(*got);
    return got && !has(now, "task");
  };
  while (!look()) {
    if (!problem && problem.error().kind != ErrorKind::unavailable) return fail(problem.error());
    const auto left = std::chrono::ceil<Duration>(deadline - steady_clock::now());
    if (left.count() <= 0)
      return fail(ErrorKind::timed_out, fmt::format("it is still under way after {}; `sluice db list {} {}` says more",
                                                    context.args.timeout, stack, stage));
    bool over = false;
    const auto streamed = stream.follow(
        path_of({"events"}, {{"stack", stack}}), last_id, std::min<Duration>(left, kLookAgain),
        [](const StreamEvent&) { return true; }, [&] { return !(over = look()); });
    if (over) break;
    if (streamed || streamed.error().kind == ErrorKind::unavailable)
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    else if (streamed.error().kind != ErrorKind::timed_out)
      return fail(streamed.error());
  }
  if (const auto why = text_at(now, "last.problem"); !why.empty()) return fail(ErrorKind::failed, one_line(why));
  return now;
}

// Begins it, waits for its end and says so.
Result<Exit> carry_out(Context& context, const std::string& stage, const std::string& what, const json::value& body,
                       const std::function<std::string(const json::value&)>& sentence) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto begun = server->send("POST", database_of(context.args.stack, stage, what), body);
  if (!begun) return fail(begun.error());
  auto ended = await_task(context, *server, context.args.stack, stage);
  if (!ended) return fail(ended.error());
  if (said_json(context, *ended)) return Exit::done;
  say(sentence(*ended) + "\n");
  return Exit::done;
}

}  // namespace

Result<Exit> db_psql(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  const auto program = psql_program();
  if (!args.json) {
    if (!on_this_machine(server->login().url))
      return fail(ErrorKind::conflict,
                  fmt::format("the databases are reached on the server's own machine only: sign in there, for example "
                              "by ssh, and type it again ({} is not this machine)",
                              server->login().url));
    if (program.empty()) return fail(ErrorKind::failed, "psql is not installed: install the package postgresql-client");
  }
  auto login = server->send("POST", database_of(args.stack, args.stage, "session"), json::object{});
  if (!login) return fail(login.error());
  if (said_json(context, *login)) return Exit::done;
  for (const auto& [variable, member] : {std::pair("PGHOST", "host"), std::pair("PGUSER", "user"),
                                         std::pair("PGPASSWORD", "password"), std::pair("PGDATABASE", "database")})
    ::setenv(variable, text_at(*login, member).c_str(), 1);
  ::setenv("PGPORT", std::to_string(number_at(*login, "port")).c_str(), 1);
  std::fflush(nullptr);
  ::execlp(program.c_str(), "psql", static_cast<char*>(nullptr));
  return fail(ErrorKind::failed, program + " cannot be started");
}

Result<Exit> db_backup(Context& context) {
  return carry_out(context, context.args.stage, "backups", json::object{}, [](const json::value& ended) {
    return "Backed up as " + one_line(text_at(ended, "last.backup")) + ".";
  });
}

Result<Exit> db_restore(Context& context) {
  const Args& args = context.args;
  auto sure =
      confirm_word(context, "replace", fmt::format("what the database of {} of {} holds", args.stage, args.stack));
  if (!sure) return fail(sure.error());
  return carry_out(context, args.stage, "restore", json::object{{"backup", args.name}, {"confirm", "replace"}},
                   [&](const json::value&) {
                     return fmt::format(
                         "The database of {} of {} is that of {} now; what was there before is backed up.", args.stage,
                         args.stack, args.name);
                   });
}

Result<Exit> db_copy(Context& context) {
  const Args& args = context.args;
  auto sure =
      confirm_word(context, "replace", fmt::format("what the database of {} of {} holds", args.second, args.stack));
  if (!sure) return fail(sure.error());
  return carry_out(context, args.second, "copy", json::object{{"from", args.first}, {"confirm", "replace"}},
                   [&](const json::value&) {
                     return fmt::format(
                         "The database of {} of {} is a copy of that of {} now; what was there before is "
                         "backed up.",
                         args.second, args.stack, args.first);
                   });
}

Result<Exit> db_list(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  const bool of_stage = !args.stage.empty();
  auto answer = of_stage ? server->list(database_of(args.stack, args.stage, "backups"), {}, 1000)
                         : server->list(path_of({"backups"}), {{"stack", args.stack}}, 1000);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"BACKUP"}, {"OF"}, {"CHANGE"}, {"AGE"}, {"SIZE"}, {"WHY"}};
  const auto now = SystemClock().now();
  for (const auto& backup : list_at(*answer, "items")) {
    const auto change = number_at(backup, "change");
    table.rows.push_back({{one_line(text_at(backup, "name")), Colour::bold},
                          {one_line(text_at(backup, "stack") + "/" + text_at(backup, "stage"))},
                          {change > 0 ? fmt::format("#{}", change) : "-"},
                          {age(time_at(backup, "at").value_or(now), now)},
                          {size_text(number_at(backup, "bytes"))},
                          {text_at(backup, "cause")}});
  }
  say(table.rows.empty() ? "no backups\n" : render(table, context.screen.columns, context.screen.colour));
  return Exit::done;
}

Result<Exit> db_delete(Context& context) {
  const Args& args = context.args;
  auto sure = confirm_delete(context, "the backup " + args.name);
  if (!sure) return fail(sure.error());
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"backups", args.name}, {{"confirm", "delete"}}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("The backup {} is gone.\n", args.name));
  return Exit::done;
}

}  // namespace sluice::cli
