#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/pipeline_view.h"
#include "cli/subjects.h"

namespace sluice::cli {
namespace json = boost::json;

Subjects subjects_of(Server& server, const std::string& stack, const json::array& stages) {
  Subjects out;
  for (const auto& stage : stages) {
    const auto change = number_at(stage, "current.change");
    if (change == 0 || !text_at(stage, "current.message").empty() || out.contains(change)) continue;
    // What a status line cannot learn it leaves blank.
    const auto answer = server.get(path_of({"stacks", stack, "changes", std::to_string(change)}));
    out[change] = answer ? subject(text_at(*answer, "message")) : "";
  }
  return out;
}

namespace {

struct Pipeline {
  std::string stack;
  json::value stages;  // the API's page
  Subjects subjects;
};

Result<std::vector<std::string>> stacks_to_show(Context& context, Server& server) {
  if (!context.args.stack.empty()) return std::vector<std::string>{context.args.stack};
  auto stacks = server.list("/stacks", {}, 1000);
  if (!stacks) return fail(stacks.error());
  std::vector<std::string> out;
  for (const auto& stack : list_at(*stacks, "items")) out.push_back(text_at(stack, "name"));
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<Pipeline>> fetch(Context& context, Server& server) {
  auto names = stacks_to_show(context, server);
  if (!names) return fail(names.error());
  std::vector<Pipeline> out;
  for (const auto& name : *names) {
    auto stages = server.list(path_of({"stacks", name, "stages"}), {}, 1000);
    if (!stages) {
      if (stages.error().kind == ErrorKind::not_found && context.args.stack.empty()) continue;  // deleted just now
      return fail(stages.error());
    }
    Subjects subjects = context.args.json ? Subjects{} : subjects_of(server, name, list_at(*stages, "items"));
    out.push_back({name, std::move(*stages), std::move(subjects)});
  }
  return out;
}

std::string drawn(const Context& context, const std::vector<Pipeline>& pipelines) {
  const Time now = SystemClock().now();
  if (pipelines.empty()) return "no stacks yet; make one: sluice stack create NAME\n";
  std::string out;
  for (const auto& pipeline : pipelines) {
    const bool titled = context.args.stack.empty();
    if (titled) out += (out.empty() ? "" : "\n") + paint(pipeline.stack, Colour::bold, context.screen.colour) + "\n";
    out += pipeline_text(list_at(pipeline.stages, "items"), pipeline.subjects, now, context.screen, titled ? "  " : "");
  }
  return out;
}

void say_json(const Context& context, const std::vector<Pipeline>& pipelines) {
  if (!context.args.stack.empty()) {
    say(pretty(pipelines.front().stages));
    return;
  }
  json::array items;
  for (const auto& pipeline : pipelines)
    items.push_back(json::object{{"name", pipeline.stack}, {"stages", list_at(pipeline.stages, "items")}});
  say(pretty(json::object{{"items", std::move(items)}, {"next", nullptr}}));
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
  std::vector<Pipeline> pipelines;
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
  auto pipelines = fetch(context, *server);
  if (!pipelines) return fail(pipelines.error());
  if (context.args.json)
    say_json(context, *pipelines);
  else
    say(drawn(context, *pipelines));
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
