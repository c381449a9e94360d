#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "base/process.h"
#include "base/size.h"
#include "cli/context.h"
#include "cli/json.h"
#include "cli/pipeline_view.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

Result<std::int64_t> whole_seconds(const std::string& text, const char* option) {
  const auto duration = parse_duration(text);
  if (!duration || duration->count() % 1000 != 0)
    return fail(ErrorKind::invalid, fmt::format("{} takes a duration like 30s or 5m, not \"{}\"", option, text));
  return duration->count() / 1000;
}

Result<json::object> typed_limits(const Args& args) {
  json::object out;
  if (args.no_limits) out = {{"rate", 0}, {"burst", 0}, {"body_bytes", 0}, {"answer_seconds", 60}};
  if (args.rate) out["rate"] = *args.rate;
  if (args.burst) out["burst"] = *args.burst;
  if (args.body_limit) {
    const auto bytes = *args.body_limit == "0" ? std::optional<std::int64_t>(0) : parse_size(*args.body_limit);
    if (!bytes)
      return fail(ErrorKind::invalid,
                  fmt::format("--body-limit takes a size like 512KB or 10MB, not \"{}\"", *args.body_limit));
    out["body_bytes"] = *bytes;
  }
  if (args.answer_limit) {
    const auto seconds = whole_seconds(*args.answer_limit, "--answer-limit");
    if (!seconds) return fail(seconds.error());
    out["answer_seconds"] = *seconds;
  }
  return out;
}

Result<json::object> typed_resources(const Args& args) {
  json::object out;
  if (args.memory) {
    const auto bytes = *args.memory == "0" ? std::optional<std::int64_t>(0) : parse_size(*args.memory);
    if (!bytes)
      return fail(ErrorKind::invalid, fmt::format("--memory takes a size like 512MB or 2GB, not \"{}\"", *args.memory));
    out["memory"] = *bytes;
  }
  if (args.cpu) {
    double cores = 0;
    const auto* end = args.cpu->data() + args.cpu->size();
    const auto [rest, wrong] = std::from_chars(args.cpu->data(), end, cores, std::chars_format::fixed);
    if (wrong != std::errc() || rest != end || !(cores >= 0 && cores <= 1024))
      return fail(ErrorKind::invalid,
                  fmt::format("--cpu takes a number of cores like 0.5 or 2, not \"{}\"", *args.cpu));
    out["cpu"] = std::llround(cores * 1000);
  }
  return out;
}

Result<json::object> typed_cache(const Args& args) {
  json::object out;
  if (args.cache_for) {
    const auto seconds = whole_seconds(*args.cache_for, "--cache-for");
    if (!seconds) return fail(seconds.error());
    out["seconds"] = *seconds;
  }
  if (!args.cache_paths.empty()) {
    json::array paths;
    for (const auto& path : args.cache_paths)
      if (path != "/") paths.emplace_back(path);
    out["paths"] = std::move(paths);
  }
  return out;
}

// What was typed of a stage's settings; nothing that was not.
Result<json::object> typed_settings(const Args& args) {
  json::object out;
  if (args.approval) out["requires_approval"] = *args.approval;
  if (args.instances) out["instances"] = *args.instances;
  if (args.endpoint) out["endpoint"] = *args.endpoint;
  if (args.caching) out["caching"] = *args.caching;
  if (args.access) out["access"] = *args.access;
  if (args.sticky) out["sticky"] = *args.sticky;
  if (args.hours) out["hours"] = *args.hours;
  if (args.sleep_after) {
    const auto seconds =
        *args.sleep_after == "0" ? Result<std::int64_t>(0) : whole_seconds(*args.sleep_after, "--sleep-after");
    if (!seconds) return fail(seconds.error());
    out["sleep_after"] = *seconds;
  }
  if (args.domains) out["domains"] = json::array(args.domains->begin(), args.domains->end());
  auto limits = typed_limits(args);
  if (!limits) return fail(limits.error());
  if (!limits->empty()) out["limits"] = std::move(*limits);
  auto resources = typed_resources(args);
  if (!resources) return fail(resources.error());
  if (!resources->empty()) out["resources"] = std::move(*resources);
  auto cache = typed_cache(args);
  if (!cache) return fail(cache.error());
  if (!cache->empty()) out["cache"] = std::move(*cache);
  if (args.database) {
    if (*args.database == "none" || *args.database == "new") {
      out["database"] = json::object{{"kind", *args.database}};
    } else if (*args.database == "-" || args.database->starts_with("@")) {
      auto url = secret_value(*args.database, "--database");
      if (!url) return fail(url.error());
      out["database"] = json::object{{"kind", "existing"}, {"url", *url}};
    } else {
      return fail(ErrorKind::invalid, "--database takes none, new, or @FILE with the URL of one that exists");
    }
  }
  return out;
}

void say_notice(const json::value& answer) {
  if (const auto notice = text_at(answer, "notice"); !notice.empty()) say(one_line(notice) + "\n");
}

}  // namespace

Result<Exit> stage_add(Context& context) {
  const Args& args = context.args;
  auto body = typed_settings(args);
  if (!body) return fail(body.error());
  (*body)["name"] = args.stage;
  if (args.before) (*body)["before"] = *args.before;
  if (args.after) (*body)["after"] = *args.after;
  if (args.region) (*body)["region"] = *args.region;
  if (args.copy_from) (*body)["copy_from"] = *args.copy_from;
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("POST", path_of({"stacks", args.stack, "stages"}), *body);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("Stage {} of {} is made; its address: {}\n", args.stage, args.stack, text_at(*answer, "url")));
  if (number_at(*answer, "deploys.change") > 0)
    say(fmt::format("It deploys #{} now.\n", number_at(*answer, "deploys.change")));
  else if (has(*answer, "active") || has(*answer, "waiting"))
    say(fmt::format("It deploys #{} now.\n",
                    number_at(*answer, has(*answer, "active") ? "active.change" : "waiting.change")));
  else if (!has(*answer, "notice"))
    say("It waits for the first change that comes by.\n");
  say_notice(*answer);
  return Exit::done;
}

Result<Exit> stage_list(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->list(path_of({"stacks", context.args.stack, "stages"}), {}, 1000);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  Table table;
  table.head = {{"STAGE"}, {"STATE"}, {"CHANGE"}, {"APPROVAL"}, {"INSTANCES"}, {"ENDPOINT"}, {"REGION"}, {"ADDRESS"}};
  table.spare = {5, 6, 4, 3};
  for (const auto& stage : list_at(*answer, "items")) {
    const auto change = number_at(stage, "current.change");
    table.rows.push_back({{one_line(text_at(stage, "name")), Colour::bold},
                          state_cell(text_at(stage, "state")),
                          {change > 0 ? fmt::format("#{}", change) : "-"},
                          {true_at(stage, "requires_approval") ? "required" : "-"},
                          {std::to_string(number_at(stage, "instances"))},
                          {text_at(stage, "endpoint")},
                          {one_line(text_at(stage, "region"))},
                          {one_line(text_at(stage, "url"))}});
  }
  say(table.rows.empty() ? "no stages\n" : render(table, context.screen.columns, context.screen.colour));
  return Exit::done;
}

Result<Exit> stage_show(Context& context) {
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->get(path_of({"stacks", context.args.stack, "stages", context.args.stage}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(stage_text(*answer, SystemClock().now(), context.screen));
  return Exit::done;
}

Result<Exit> stage_set(Context& context) {
  const Args& args = context.args;
  auto body = typed_settings(args);
  if (!body) return fail(body.error());
  if (body->empty())
    return fail(ErrorKind::invalid, "there is nothing to change: say for example --instances 2, or --approval");
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("PATCH", path_of({"stacks", args.stack, "stages", args.stage}), *body);
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("Stage {} of {} is changed.\n", args.stage, args.stack));
  say_notice(*answer);
  if (!has(*answer, "notice") && has(*answer, "approval"))
    say(fmt::format("#{} waits for approval there.\n", number_at(*answer, "approval.change")));
  return Exit::done;
}

Result<Exit> stage_delete(Context& context) {
  const Args& args = context.args;
  auto sure = confirm_delete(context, fmt::format("the stage {} of {} and what runs there", args.stage, args.stack));
  if (!sure) return fail(sure.error());
  auto server = connect(context);
  if (!server) return fail(server.error());
  auto answer = server->send("DELETE", path_of({"stacks", args.stack, "stages", args.stage},
                                               {{"confirm", "delete"}, {"force", args.force ? "true" : ""}}));
  if (!answer) return fail(answer.error());
  if (said_json(context, *answer)) return Exit::done;
  say(fmt::format("Stage {} of {} is being deleted.\n", args.stage, args.stack));
  if (const auto hint = text_at(*answer, "hint"); !hint.empty())
    say(one_line(hint) + "\n");
  else if (has(*answer, "stranded"))
    say(
        fmt::format("#{} was on its way there and goes no further by itself; bring it on with: sluice promote {} STAGE "
                    "--change {}\n",
                    number_at(*answer, "stranded.change"), args.stack, number_at(*answer, "stranded.change")));
  say_notice(*answer);
  return Exit::done;
}

Result<Exit> open(Context& context) {
  const Args& args = context.args;
  auto server = connect(context);
  if (!server) return fail(server.error());
  json::value stage;
  if (!args.stage.empty()) {
    auto answer = server->get(path_of({"stacks", args.stack, "stages", args.stage}));
    if (!answer) return fail(answer.error());
    stage = std::move(*answer);
  } else {
    auto answer = server->list(path_of({"stacks", args.stack, "stages"}), {}, 1000);
    if (!answer) return fail(answer.error());
    const auto& items = list_at(*answer, "items");
    if (items.empty())
      return fail(ErrorKind::conflict,
                  fmt::format("{} has no stage; add one: sluice stage add {} dev", args.stack, args.stack));
    stage = items.front();
    for (const auto& item : items)
      if (has(item, "current")) stage = item;
  }
  if (said_json(context, stage)) return Exit::done;
  const auto url = text_at(stage, "url");
  say(url + "\n");
  const bool desktop = context.screen.terminal && (context.env("DISPLAY") || context.env("WAYLAND_DISPLAY"));
  if (desktop && url.starts_with("http") && program_exists("xdg-open")) {
    ProcessCommand command;
    command.argv = {"xdg-open", url};
    command.time_limit = std::chrono::seconds(10);
    if (auto opened = run(command); !opened || !opened->ok())
      return fail(ErrorKind::failed, "xdg-open could not open the address; open it by hand");
  }
  return Exit::done;
}

}  // namespace sluice::cli
