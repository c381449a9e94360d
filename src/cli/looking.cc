#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/pipeline_view.h"

namespace sluice::cli {
namespace json = boost::json;

namespace {

// The API's own answer: all stacks as a page, or the one asked for.
Result<json::value> fetch(const Context& context, Server& server) {
  if (context.args.stack.empty()) return server.list("/stacks", {}, 1000);
  return server.get(path_of({"stacks", context.args.stack}));
}

std::string drawn(const Context& context, const json::value& answer) {
  const Time now = SystemClock().now();
  if (!context.args.stack.empty()) return pipeline_text(list_at(answer, "stages"), now, context.screen);
  const auto& stacks = list_at(answer, "items");
  if (stacks.empty()) return "no stacks yet; make one: sluice stack create NAME\n";
  std::string out;
  for (const auto& stack : stacks)
    out += (out.empty() ? "" : "\n") + paint(text_at(stack, "name"), Colour::bold, context.screen.colour) + "\n" +
           pipeline_text(list_at(stack, "stages"), now, context.screen, "  ");
  return out;
}

// Draws over what it drew before; on something that is no terminal, draws anew what differs.
class Canvas {
 public:
  explicit Canvas(const Screen& screen) : screen_(screen) {
    if (screen_.terminal) hide_cursor();
  }
  void draw(const std::string& text) {
    if (text == shown_) return;
    if (screen_.terminal) {
      std::string out = "\x1b[H";
      for (const char c : text) out += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
      if (shown_.empty()) out = "\x1b[2J" + out;
      say(out + "\x1b[J");
    } else {
      say((shown_.empty() ? "" : "\n") + text);
    }
    std::fflush(stdout);
    shown_ = text;
  }

 private:
  Screen screen_;
  std::string shown_;
};

Result<Exit> watch(Context& context, Server& server) {
  Server stream(server.login());
  Canvas canvas(context.screen);
  json::value pipelines;
  std::optional<Error> problem;
  const auto refresh = [&] {
    auto fetched = fetch(context, server);
    if (!fetched) {
      problem = fetched.error();
      return false;
    }
    pipelines = std::move(*fetched);
    canvas.draw(drawn(context, pipelines));
    return true;
  };
  const auto lost = [&] { return problem && problem->kind != ErrorKind::unavailable; };

  if (!refresh()) return fail(*problem);
  std::string last_id;
  for (;;) {
    problem.reset();
    bool stale = last_id.empty();  // with an id the stream resumes without a gap
    const auto done = stream.follow(
        path_of({"events"}, {{"stack", context.args.stack}}), last_id, std::chrono::seconds(30),
        [&](const StreamEvent&) { return stale = true; },
        [&] {
          const bool draw = stale;
          stale = false;
          return !draw || refresh();
        });
    if (lost()) return fail(*problem);
    if (!done && done.error().kind != ErrorKind::timed_out && done.error().kind != ErrorKind::unavailable)
      return fail(done.error());
    const bool away = problem || (!done && done.error().kind == ErrorKind::unavailable);
    canvas.draw(drawn(context, pipelines) + (away ? "\nthe server is out of reach; trying again\n" : ""));
    if (away || done) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

Result<Exit> status(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  if (context.args.watch && context.args.json)
    return fail(ErrorKind::invalid, "--watch draws for people; leave out --json, or follow GET /api/v1/events");
  if (context.args.watch) return watch(context, *server);
  auto answer = fetch(context, *server);
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(drawn(context, *answer));
  return Exit::done;
}

Result<Exit> changes(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer =
      server->list(path_of({"stacks", context.args.stack, "changes"}), {{"commit", context.args.commit.value_or("")}},
                   static_cast<std::size_t>(context.args.limit));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(changes_text(list_at(*answer, "items"), SystemClock().now(), context.screen));
  return Exit::done;
}

Result<Exit> deployments(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list(path_of({"stacks", context.args.stack, "deployments"}), {{"stage", context.args.stage}},
                             static_cast<std::size_t>(context.args.limit));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer))
    say(deployments_text(list_at(*answer, "items"), SystemClock().now(), context.screen));
  return Exit::done;
}

Result<Exit> deployment(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"deployments", context.args.first}));
  if (!answer) return fail(answer.error());
  if (!said_json(context, *answer)) say(deployment_text(*answer, SystemClock().now(), context.screen));
  return Exit::done;
}

}  // namespace sluice::cli
