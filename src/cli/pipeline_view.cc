#include "cli/pipeline_view.h"
#include "base/size.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "cli/json.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

std::string number(std::int64_t change) { return change == 0 ? "" : fmt::format("#{}", change); }
std::string age_at(const json::value& value, std::string_view path, Time now) {
  const auto then = time_at(value, path);
  return then ? age(*then, now) : "";
}
std::string since(const json::value& value, std::string_view path, Time now) {
  const std::string how_old = age_at(value, path, now);
  return how_old.empty() ? "" : " since " + how_old;
}
}  // namespace

Cell state_cell(const std::string& state) {
  if (state == "live") return {"● live", Colour::green};
  if (state == "deploying") return {"◐ deploying", Colour::cyan};
  if (state == "failed") return {"✗ failed", Colour::red};
  if (state == "empty") return {"○ empty", Colour::dim};
  if (state == "asleep") return {"◌ asleep", Colour::blue};
  if (state == "deleting") return {"⌫ deleting", Colour::yellow};
  return {"? " + one_line(state), Colour::plain};
}

Colour colour_of_state(const std::string& state) {
  if (state == "succeeded" || state == "approved" || state == "live") return Colour::green;
  if (state == "failed" || state == "rejected") return Colour::red;
  if (state == "pending" || state == "held" || state == "cancelling") return Colour::yellow;
  if (state == "not_reached" || state == "superseded" || state == "withdrawn" || state == "cancelled")
    return Colour::dim;
  return Colour::cyan;
}

std::string beside(const json::value& stage, Time now) {
  std::string out;
  const auto add = [&out](const std::string& part) {
    if (!out.empty()) out += "; ";
    out += part;
  };
  if (true_at(stage, "paused")) add("paused");
  if (has(stage, "approval"))
    add(fmt::format("approval pending: #{}{}", number_at(stage, "approval.change"),
                    since(stage, "approval.since", now)));
  if (has(stage, "held"))
    add(fmt::format("held: #{}{}", number_at(stage, "held.change"), since(stage, "held.since", now)));
  if (has(stage, "active")) {
    const auto kind = text_at(stage, "active.kind");
    add(fmt::format("#{} {}{}{}", number_at(stage, "active.change"), one_line(text_at(stage, "active.state")),
                    kind == "flow" || kind.empty() ? "" : " (" + one_line(kind) + ")",
                    since(stage, "active.since", now)));
    if (const auto note = text_at(stage, "active.note"); !note.empty()) out += ", " + subject(note);
  }
  if (has(stage, "waiting"))
    add(fmt::format("#{} waits{}", number_at(stage, "waiting.change"), since(stage, "waiting.since", now)));
  const auto ended = text_at(stage, "last.state");
  if (!has(stage, "active") && ended == "failed")
    add(fmt::format("#{} failed: {}", number_at(stage, "last.change"), subject(text_at(stage, "last.error"))));
  if (const auto problem = text_at(stage, "deleting.problem"); !problem.empty()) add(subject(problem));
  return out;
}

namespace {

enum Column : std::size_t { kName, kState, kChange, kCommit, kMessage, kAge, kAddress, kWaits };

std::size_t wide(const Table& table, std::string_view indent) {
  const auto text = render(table, 0, false, indent);
  std::size_t out = 0;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    out = std::max(out, width(std::string_view(text).substr(begin, end - begin)));
  return out;
}

// Takes a column out; its cells, one a row.
std::vector<Cell> taken_out(Table& table, Column column) {
  std::vector<Cell> out;
  for (auto& row : table.rows) out.push_back(std::exchange(row[column], Cell{}));
  return out;
}

}  // namespace

std::string pipeline_text(const json::array& stages, Time now, const Screen& screen, std::string_view indent) {
  if (stages.empty()) return std::string(indent) + "no stages\n";
  Table table;
  table.shrink = kMessage;
  for (const auto& stage : stages) {
    const json::value* current = at(stage, "current");
    const json::value none;
    const json::value& serves = current == nullptr ? none : *current;
    const std::string waits = beside(stage, now);
    const bool bad = text_at(stage, "state") == "failed";
    table.rows.push_back({{one_line(text_at(stage, "name")), Colour::bold},
                          state_cell(text_at(stage, "state")),
                          {number(number_at(serves, "change"))},
                          {short_commit(text_at(serves, "commit")), Colour::dim},
                          {subject(text_at(serves, "message"))},
                          {age_at(serves, "since", now), Colour::dim},
                          {one_line(text_at(stage, "url"))},
                          {waits, bad ? Colour::red : Colour::yellow}});
  }
  if (screen.columns == 0) return render(table, 0, screen.colour, indent);

  // What a narrow terminal has no room for goes below its stage, then away, the least needed first.
  std::vector<std::vector<Cell>> below;
  const auto too_wide = [&] {
    Table least = table;
    for (auto& row : least.rows) row[kMessage].text = cut(row[kMessage].text, 8);
    return wide(least, indent) > screen.columns;
  };
  if (too_wide()) below.push_back(taken_out(table, kWaits));
  if (too_wide()) below.insert(below.begin(), taken_out(table, kAddress));
  if (too_wide()) taken_out(table, kMessage);
  if (too_wide()) taken_out(table, kCommit);
  if (const auto needed = wide(table, indent); too_wide()) {
    std::size_t longest = 0;
    for (const auto& row : table.rows) longest = std::max(longest, width(row[kName].text));
    const auto left = longest - std::min(longest, needed - screen.columns);
    for (auto& row : table.rows) row[kName].text = cut(row[kName].text, std::max<std::size_t>(left, 8));
  }

  const auto aligned = render(table, screen.columns, screen.colour, indent);
  const std::string margin = std::string(indent) + "    ";
  const auto room = screen.columns - std::min(screen.columns, margin.size());
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto end = aligned.find('\n', begin) + 1;
    out += aligned.substr(begin, end - begin);
    begin = end;
    for (const auto& cells : below)
      if (const auto& cell = cells[i]; !cell.text.empty())
        out += margin + paint(cut(cell.text, room), cell.colour, screen.colour) + "\n";
  }
  return out;
}

namespace {

// "name:   value" lines; values that are empty are left out.
class Facts {
 public:
  void add(const std::string& name, const std::string& value, Colour colour = Colour::plain) {
    if (!value.empty()) table_.rows.push_back({{name + ":", Colour::dim}, {value, colour}});
  }
  std::string text(const Screen& screen) const { return render(table_, 0, screen.colour); }

 private:
  Table table_;
};

// R3.2: an earlier build served; without an artifact nothing can be said yet.
bool is_reused(const json::value& item) { return has(item, "artifact") && !true_at(item, "built"); }

std::string took(const json::value& item, Time now) {
  const auto begin = time_at(item, "started_at");
  if (!begin) return "";
  return human_duration(time_at(item, "ended_at").value_or(now) - *begin);
}

}  // namespace

// Empty: the endpoint has none.
std::string limits_text(const json::value& stage) {
  if (!has(stage, "limits")) return "";
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (const auto rate = number_at(stage, "limits.rate"); rate > 0) {
    const auto burst = number_at(stage, "limits.burst");
    add(fmt::format("{} requests a second and client", rate) + (burst > 0 ? fmt::format(", {} at once", burst) : ""));
  }
  if (const auto body = number_at(stage, "limits.body_bytes"); body > 0) add("requests of " + size_text(body));
  add(fmt::format("answers within {} s", number_at(stage, "limits.answer_seconds")));
  return out;
}

// What each instance may use; empty: what the app says itself.
std::string resources_text(const json::value& stage) {
  std::string out;
  if (const auto bytes = number_at(stage, "resources.memory"); bytes > 0) out = size_text(bytes) + " of memory";
  if (const auto cpu = number_at(stage, "resources.cpu"); cpu > 0)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", static_cast<double>(cpu) / 1000,
                       cpu == 1000 ? "core" : "cores");
  return out;
}

std::string caching_text(const json::value& stage) {
  if (!true_at(stage, "caching")) return "off";
  std::string out = fmt::format("at most {} s", number_at(stage, "cache.seconds"));
  std::string paths;
  for (const auto& path : list_at(stage, "cache.paths"))
    if (path.is_string()) paths += (paths.empty() ? "" : " ") + one_line(std::string(path.as_string()));
  return paths.empty() ? out : out + ", of " + paths;
}

// When it stops its instances, and whether it has.
std::string rest_text(const json::value& stage, Time now) {
  std::vector<std::string> parts;
  if (const auto seconds = number_at(stage, "sleep_after"); seconds > 0)
    parts.push_back("after " + human_duration(std::chrono::seconds(seconds)) + " without a request");
  if (const auto hours = text_at(stage, "hours"); !hours.empty()) parts.push_back("outside " + one_line(hours));
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", and ") + part;
  const auto why = text_at(stage, "rest.why");
  if (why == "idle") out += "; asleep" + since(stage, "rest.since", now) + ", the next request wakes it";
  if (why == "hours") out += "; resting until " + one_line(text_at(stage, "rest.until"));
  return out;
}

std::string stage_text(const json::value& stage, Time now, const Screen& screen) {
  Facts facts;
  const Cell state = state_cell(text_at(stage, "state"));
  facts.add("stage", fmt::format("{} of {}", text_at(stage, "name"), text_at(stage, "stack")), Colour::bold);
  facts.add("state", state.text, state.colour);
  if (const auto* current = at(stage, "current"); current != nullptr)
    facts.add("serves", fmt::format("#{} {} {}{} ({})", number_at(*current, "change"),
                                    short_commit(text_at(*current, "commit")), subject(text_at(*current, "message")),
                                    since(*current, "since", now), text_at(*current, "deployment")));
  facts.add("beside it", beside(stage, now), Colour::yellow);
  facts.add("address", text_at(stage, "url"));
  for (const auto& domain : list_at(stage, "domains")) facts.add("domain", std::string(domain.as_string()));
  facts.add("approval", true_at(stage, "requires_approval") ? "required" : "not required");
  facts.add("instances", std::to_string(number_at(stage, "instances")));
  facts.add("each may use", resources_text(stage));
  facts.add("rests", rest_text(stage, now));
  facts.add("endpoint", text_at(stage, "endpoint"));
  facts.add("limits", limits_text(stage));
  facts.add("caching", caching_text(stage));
  if (has(stage, "sticky")) facts.add("sticky", true_at(stage, "sticky") ? "yes" : "no");
  const auto at = text_at(stage, "database.at");
  facts.add("database", text_at(stage, "database.kind") + (at.empty() ? "" : " (" + one_line(at) + ")"));
  facts.add("access", text_at(stage, "access"));
  facts.add("region", text_at(stage, "region"));
  facts.add("settings", fmt::format("revision {}", number_at(stage, "settings_revision")));
  facts.add("id", text_at(stage, "id"));
  return facts.text(screen);
}

std::string stacks_text(const json::array& stacks, Time now, const Screen& screen) {
  if (stacks.empty()) return "no stacks yet; make one: sluice stack create NAME\n";
  Table table;
  table.head = {{"STACK"}, {"BRANCH"}, {""}, {"NEWEST"}, {"BY"}, {"AGE"}, {"REPOSITORY"}};
  table.shrink = 3;
  table.spare = {6, 4};
  for (const auto& stack : stacks) {
    const auto hosted = text_at(stack, "git_url");
    table.rows.push_back({{one_line(text_at(stack, "name")), Colour::bold},
                          {one_line(text_at(stack, "repository.branch"))},
                          {number(number_at(stack, "newest.change"))},
                          {subject(text_at(stack, "newest.message"))},
                          {one_line(text_at(stack, "newest.author.name"))},
                          {age_at(stack, "newest.at", now), Colour::dim},
                          {one_line(hosted.empty() ? text_at(stack, "repository.url") : hosted)}});
  }
  return render(table, screen.columns, screen.colour);
}

std::string changes_text(const json::array& changes, Time now, const Screen& screen) {
  if (changes.empty()) return "no changes yet: push one\n";
  Table table;
  table.shrink = 2;
  table.spare = {3, 1};
  for (const auto& change : changes) {
    std::vector<Cell> row{{number(number_at(change, "number")), Colour::bold},
                          {short_commit(text_at(change, "commit")), Colour::dim},
                          {subject(text_at(change, "message"))},
                          {one_line(text_at(change, "author.name"))},
                          {age_at(change, "at", now), Colour::dim}};
    for (const auto& stage : list_at(change, "stages")) {
      const auto state = text_at(stage, "state");
      if (true_at(stage, "deleted")) continue;
      row.push_back(
          {fmt::format("{} {}", one_line(text_at(stage, "stage")), state == "not_reached" ? "-" : one_line(state)),
           colour_of_state(state)});
    }
    table.rows.push_back(std::move(row));
  }
  return render(table, screen.columns, screen.colour);
}

std::string deployments_text(const json::array& deployments, Time now, const Screen& screen) {
  if (deployments.empty()) return "no deployments yet\n";
  Table table;
  table.head = {{"DEPLOYMENT"}, {"STAGE"},  {"CHANGE"}, {"KIND"},     {"STATE"},
                {"BY"},         {"QUEUED"}, {"TOOK"},   {"ARTIFACT"}, {"ERROR"}};
  for (const auto& item : deployments) {
    const auto state = text_at(item, "state");
    table.rows.push_back({{text_at(item, "id")},
                          {one_line(text_at(item, "stage"))},
                          {number(number_at(item, "change")), Colour::bold},
                          {text_at(item, "kind")},
                          {state, colour_of_state(state)},
                          {one_line(text_at(item, "by"))},
                          {age_at(item, "queued_at", now), Colour::dim},
                          {took(item, now)},
                          {is_reused(item) ? "(reused)" : "", Colour::dim},
                          {subject(text_at(item, "error"))}});
  }
  table.shrink = 9;
  table.spare = {5, 7, 6, 3};
  return render(table, screen.columns, screen.colour);
}

std::string deployment_text(const json::value& deployment, Time now, const Screen& screen) {
  Facts facts;
  const auto state = text_at(deployment, "state");
  facts.add("deployment", text_at(deployment, "id"), Colour::bold);
  facts.add("of", fmt::format("#{} to {} of {}", number_at(deployment, "change"), text_at(deployment, "stage"),
                              text_at(deployment, "stack")));
  facts.add("kind", text_at(deployment, "kind"));
  facts.add("state", state, colour_of_state(state));
  facts.add("error", tame(text_at(deployment, "error")), Colour::red);
  facts.add("note", subject(text_at(deployment, "note")), Colour::yellow);
  facts.add("by", one_line(text_at(deployment, "by")));
  facts.add("queued", text_at(deployment, "queued_at"));
  facts.add("took", took(deployment, now));
  const auto artifact = text_at(deployment, "artifact");
  facts.add("artifact", artifact.empty() ? "" : artifact + (is_reused(deployment) ? " (reused)" : " (built here)"));
  facts.add("settings", fmt::format("revision {}", number_at(deployment, "settings_revision")));
  facts.add("attempt", number_at(deployment, "attempt") > 0 ? std::to_string(number_at(deployment, "attempt")) : "");
  std::string out = facts.text(screen);
  Table steps;
  for (const auto& step : list_at(deployment, "steps")) {
    const auto how = text_at(step, "state");
    steps.rows.push_back({{text_at(step, "name")},
                          {how, colour_of_state(how)},
                          {took(step, now), Colour::dim},
                          {subject(text_at(step, "error"))}});
  }
  return out + render(steps, screen.columns, screen.colour, "  ");
}

std::string shipment_text(const json::value& approval, const std::string& stack, const std::string& stage, Time now,
                          const Screen& screen) {
  const auto direction = text_at(approval, "direction");
  const auto from = number_at(approval, "from.change");
  const auto total = number_at(approval, "total");
  std::string out = fmt::format("{} of {} gets #{}", stage, stack, number_at(approval, "change"));
  if (from == 0) {
    out += "; it runs nothing yet";
  } else {
    out += fmt::format(" in place of #{}", from);
    if (direction == "back") out += "; history goes BACK";
    if (direction == "sideways") out += "; history goes SIDEWAYS: what runs there has commits that this has not";
    if (direction == "same") out += "; it is the same commit";
  }
  if (total > 0) out += fmt::format("; {} {}", total, total == 1 ? "commit" : "commits");
  out += ":\n";
  Table commits;
  commits.shrink = 1;
  for (const auto& commit : list_at(approval, "commits"))
    commits.rows.push_back({{short_commit(text_at(commit, "commit")), Colour::yellow},
                            {subject(text_at(commit, "message"))},
                            {one_line(text_at(commit, "author.name")), Colour::dim},
                            {age_at(commit, "at", now), Colour::dim}});
  out += render(commits, screen.columns, screen.colour, "  ");
  const auto shown = static_cast<std::int64_t>(list_at(approval, "commits").size());
  if (shown < total && shown > 0) out += fmt::format("  and {} more\n", total - shown);
  std::string names;
  for (const auto& name : list_at(approval, "settings"))
    if (name.is_string()) names += (names.empty() ? "" : ", ") + one_line(name.get_string());
  if (!names.empty()) out += fmt::format("  settings changed since the last deployment here: {}\n", names);
  if (const auto* previous = at(approval, "previous"); previous != nullptr && previous->is_object()) {
    const auto name = one_line(text_at(*previous, "stage"));
    if (has(*previous, "instances") && number_at(*previous, "instances") == 0)
      out += paint(fmt::format("  {} ran it at 0 instances: nobody has seen it run\n", name), Colour::yellow,
                   screen.colour);
    if (has(*previous, "current") && !true_at(*previous, "current"))
      out += paint(fmt::format("  {} does not run it any more{}\n", name,
                               number_at(*previous, "serves") > 0
                                   ? fmt::format(": it serves #{} now", number_at(*previous, "serves"))
                                   : ""),
                   Colour::yellow, screen.colour);
  }
  return out;
}

}  // namespace sluice::cli
