#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/log_view.h"

namespace sluice::cli {
namespace {

// Where one log is read from: its path without `after`.
struct Place {
  std::vector<std::string> segments;
  Query query;
  bool of_stage = false;
};

std::string path_to(const Place& place, const std::string& after) {
  std::string out;
  for (const auto& segment : place.segments) out += path_of({segment});
  Query query = place.query;
  if (!after.empty()) query.emplace_back("after", after);
  return out + path_of({}, query);
}

// The deployment whose build a person means: the one that runs, else the newest that has begun.
Result<std::string> deployment_meant(Server& server, const Args& args) {
  if (args.deployment) return *args.deployment;
  auto stage = server.get(path_of({"stacks", args.stack, "stages", args.stage}));
  if (!stage) return fail(stage.error());
  if (const auto active = text_at(*stage, "active.deployment"); !active.empty()) return active;
  auto newest = server.list(path_of({"stacks", args.stack, "deployments"}), {{"stage", args.stage}}, 20);
  if (!newest) return fail(newest.error());
  for (const auto& item : list_at(*newest, "items"))
    if (has(item, "started_at")) return text_at(item, "id");
  return fail(ErrorKind::not_found, fmt::format("nothing was deployed to {} of {} yet", args.stage, args.stack));
}

// How far back the logs of a stage go when nothing is said: they may be kept for months.
constexpr const char* kReach = "1h";

Result<Place> place_of(Server& server, const Args& args) {
  if (args.build || args.release) {
    auto id = deployment_meant(server, args);
    if (!id) return fail(id.error());
    return Place{{"deployments", *id, "log"}, {{"step", args.build ? "building" : "releasing"}}};
  }
  Place out{{"stacks", args.stack, "stages", args.stage, "logs", args.access_log ? "access" : "runtime"}, {}, true};
  // A duration is told as it is: the server's clock, which stamped the lines, may be another than this machine's.
  const auto since = args.since.value_or(kReach);
  if (!parse_duration(since) && !from_rfc3339(since))
    return fail(ErrorKind::invalid,
                fmt::format("--since: \"{}\" is not a time such as 30m, 1h or 2026-01-31T09:30:00Z", one_line(since)));
  out.query = {{"since", since}, {"grep", args.grep.value_or("")}, {"level", args.level.value_or("")}};
  if (args.json) out.query.emplace_back("format", "json");
  return out;
}

// On a terminal what an app wrote must not steer it; into a pipe it goes as it is.
void say_log(const Context& context, const Place& place, std::string_view text) {
  if (context.screen.colour && place.of_stage && !context.args.json) return say(coloured_log(text));
  say(context.screen.terminal ? tame(text) : std::string(text));
}

Result<Exit> print_what_is_there(Context& context, Server& server, const Place& place) {
  const Args& args = context.args;
  std::string after;
  bool empty = true;
  for (;;) {
    auto piece = server.text(path_to(place, after));
    if (!piece) return fail(piece.error());
    say_log(context, place, piece->body);
    empty = empty && piece->body.empty();
    const auto next = piece->headers.get("X-Sluice-Next").value_or("");
    // Not until nothing is new: an app may write faster than this reads.
    if (piece->headers.get("X-Sluice-More") != "true" || next.empty() || next == after) break;
    after = next;
  }
  if (empty && context.screen.terminal && !args.since && place.of_stage)
    fmt::print(stderr, "nothing{} in the last {}; --since 7d reaches further back\n",
               args.grep || args.level ? " of that kind" : "", kReach);
  return Exit::done;
}

Result<Exit> follow(Context& context, Server& server, const Place& place) {
  std::string last_id;
  bool over = false;
  bool begun = false;  // it was open once
  for (;;) {
    const auto done = server.follow(
        path_to(place, ""), last_id, Duration(0),
        [&](const StreamEvent& event) {
          over = event.type == "end";
          if (!over) say_log(context, place, event.data + "\n");
          return !over;
        },
        [&] {
          begun = true;
          return std::fflush(stdout) == 0;
        });
    if (over) return Exit::done;
    if (!done && (done.error().kind != ErrorKind::unavailable || !begun)) return fail(done.error());
    // The server went away, for an upgrade perhaps: the log goes on where it stopped.
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

Result<Exit> logs(Context& context) {
  const Args& args = context.args;
  if (args.deployment && !args.build && !args.release)
    return fail(ErrorKind::invalid, "--deployment goes with --build or --release: the app's own log is the stage's");
  if (args.since && (args.build || args.release))
    return fail(ErrorKind::invalid, "--since goes with the runtime and access logs; a build's log is shown whole");
  if ((args.grep || args.level || args.json) && (args.build || args.release))
    return fail(
        ErrorKind::invalid,
        fmt::format("{} goes with the runtime and access logs; a build's log is shown whole", args.grep    ? "--grep"
                                                                                              : args.level ? "--level"
                                                                                                           : "--json"));
  if (args.level && args.access_log)
    return fail(ErrorKind::invalid, "--level goes with the runtime log: requests have no level");
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto place = place_of(*server, args);
  if (!place) return fail(place.error());
  return args.follow ? follow(context, *server, *place) : print_what_is_there(context, *server, *place);
}

}  // namespace sluice::cli
