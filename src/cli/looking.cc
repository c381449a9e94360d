#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

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

std::string drawn(const Context& context, const json::value& answer, const Screen& screen) {
  const Time now = SystemClock().now();
  if (!context.args.stack.empty()) return pipeline_text(list_at(answer, "stages"), now, screen);
  const auto& stacks = list_at(answer, "items");
  if (stacks.empty()) return "no stacks yet; make one: sluice stack create NAME\n";
  std::string out;
  for (const auto& stack : stacks)
    out += (out.empty() ? "" : "\n") + paint(text_at(stack, "name"), Colour::bold, screen.colour) + "\n" +
           pipeline_text(list_at(stack, "stages"), now, screen, "  ");
  return out;
}

// The pipelines as they were last heard of. On a terminal drawn over what was drawn before, and every second, as ages
// grow and windows are resized; elsewhere drawn anew when something has changed.
class Picture {
 public:
  explicit Picture(const Context& context) : context_(context) {
    if (!context.screen.moves) return;
    hide_cursor();
    clock_ = std::jthread([this](std::stop_token stop) {
      std::unique_lock lock(mutex_);
      while (!changed_.wait_for(lock, stop, std::chrono::seconds(1), [&] { return stop.stop_requested(); })) draw();
    });
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  ~Picture() {
    clock_ = {};
    if (context_.screen.moves) show_cursor();
  }

  void show(json::value pipelines) {
    std::lock_guard lock(mutex_);
    pipelines_ = std::move(pipelines);
    draw();
  }
  void show_away(bool away) {
    std::lock_guard lock(mutex_);
    if (std::exchange(away_, away) != away) draw();
  }

 private:
  void draw() {
    if (pipelines_.is_null()) return;
    const Screen screen = standard_output(context_.env);
    const auto text =
        drawn(context_, pipelines_, screen) + (away_ ? "\nthe server is out of reach; trying again\n" : "");
    if (screen.moves) {
      const std::pair size(screen.columns, screen.rows);
      const bool anew = (std::exchange(size_, size) != size) | was_suspended();
      if (anew || text != shown_) say((anew ? "\x1b[2J" : "") + drawn_over(text, screen.rows));
    } else if (text != shown_) {
      say((shown_.empty() ? "" : "\n") + text);
    }
    std::fflush(stdout);
    shown_ = text;
  }

  const Context& context_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  json::value pipelines_;
  bool away_ = false;
  std::string shown_;
  std::pair<std::size_t, std::size_t> size_;
  std::jthread clock_;  // last: it uses all the rest
};

Result<Exit> watch(Context& context, Server& server) {
  Server stream(server.login());
  Picture picture(context);
  std::optional<Error> problem;
  const auto refresh = [&] {
    auto fetched = fetch(context, server);
    if (!fetched) {
      problem = fetched.error();
      return false;
    }
    picture.show(std::move(*fetched));
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
          picture.show_away(false);
          const bool draw = stale;
          stale = false;
          return !draw || refresh();
        });
    if (lost()) return fail(*problem);
    if (!done && done.error().kind != ErrorKind::timed_out && done.error().kind != ErrorKind::unavailable)
      return fail(done.error());
    const bool away = problem || (!done && done.error().kind == ErrorKind::unavailable);
    picture.show_away(away);
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
  if (!said_json(context, *answer)) say(drawn(context, *answer, context.screen));
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
