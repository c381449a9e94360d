#include "platform/local/returning.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "platform/local/endpoint.h"
#include "platform/local/instances.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr Duration kPatience = 3s;            // of one look; the end of the server waits for it
constexpr Duration kGatewayPatience = 200ms;  // the gateway does nothing else meanwhile
constexpr Duration kMayTake = 10s;            // of HAProxy and PostgreSQL: not said before
constexpr steady_clock::duration kLongestPause = 30s;

bool is_ending(const Record& record) { return record.draining || record.stopping; }

// s6 runs it, or starts it again and again.
bool is_started(const Site& site, const Instance& instance) {
  const auto status = site.supervisor.status(instance.service);
  return status && (status->up || status->wanted_up);
}

bool is_up(const Site& site, const Instance& instance) {
  const auto status = site.supervisor.status(instance.service);
  return status && status->up;
}

bool runs(const Site& site, const Record& record) {
  return std::all_of(record.instances.begin(), record.instances.end(),
                     [&](const Instance& one) { return is_up(site, one); });
}

// "shop dev", as commands take it.
std::string stack_and_stage(const Record& record) {
  const auto stage = record.host.substr(0, record.host.find('.'));
  const auto rest = record.host.substr(std::min(stage.size() + 1, record.host.size()));
  return rest.substr(0, rest.find('.')) + " " + stage;
}

void report(const Site& site, const std::string& sentence) {
  if (site.options.report) site.options.report(sentence);
}

// `sentence` is what the log says when it has lasted this long.
void note(Site& site, const std::string& key, Trouble trouble, const std::string& sentence, Duration may_take) {
  {
    const std::lock_guard lock(site.mutex);
    auto& known = site.troubles.try_emplace(key, trouble).first->second;
    known.why = std::move(trouble.why);
    if (known.is_said || steady_clock::now() - known.since < may_take) return;
    known.is_said = true;
  }
  report(site, sentence + "; it is tried again until it comes back");
}

std::optional<Trouble> forget(Site& site, const std::string& key) {
  const std::lock_guard lock(site.mutex);
  auto known = site.troubles.extract(key);
  return known ? std::optional(std::move(known.mapped())) : std::nullopt;
}

void over(Site& site, const std::string& key, const std::string& sentence) {
  const auto known = forget(site, key);
  if (known && known->is_said) report(site, sentence);
}

bool is_in_trouble(Site& site, const pipeline::DeploymentId& deployment) {
  const std::lock_guard lock(site.mutex);
  return site.troubles.contains(deployment.value);
}

void note_app(Site& site, const Record& record, const Error& error) {
  const bool is_whole = error.kind != ErrorKind::not_found && site.builder.whole(record.artifact);
  const auto remedy = is_whole ? "" : "; `sluice redeploy " + stack_and_stage(record) + "` builds anew what is missing";
  note(site, record.deployment.value, {record.stage, error.message},
       fmt::format("the app of {} cannot be started: {}{}", record.host, error.message, remedy), {});
}

std::string why_absent(Site& site, const Record& record) {
  const std::lock_guard lock(site.mutex);
  auto known = site.troubles.find(record.deployment.value);
  if (known != site.troubles.end()) return known->second.why;
  known = site.troubles.find(kDatabaseService);
  if (record.database.value_or(false) && known != site.troubles.end())
    return "it waits for its database: " + known->second.why;
  return "s6 has not started it";
}

}  // namespace

void bring_back_or_note(Site& site, const Record& record) {
  const auto back = bring_back(site, record);
  // What runs goes on, whatever became of its artifact (R9.2); the doctor names that.
  if (back || runs(site, record)) {
    over(site, record.deployment.value, "the app of " + record.host + " is started again");
  } else {
    note_app(site, record, back.error());
  }
}

void note_databases(Site& site, const Error& why, Duration may_take) {
  note(site, kDatabaseService, {{}, why.message},
       fmt::format("{} ({})", why.message, (site.databases->dir() / "log" / "current").string()), may_take);
}

void Returning::begin() {
  gateway_ = databases_ = true;
  apps_.clear();
  for (const auto& stage : site_.records.stages()) {
    for (const auto& record : site_.records.all(stage)) apps_.emplace_back(stage, record.deployment);
  }
  since_ = next_ = steady_clock::now();
}

void Returning::adopt() {
  const std::lock_guard lock(site_.mutex);
  bool is_new = false;
  for (const auto& [key, trouble] : site_.troubles) {
    if (key == kDatabaseService) {
      is_new = is_new || !databases_;
      databases_ = true;
    }
    if (!trouble.stage) continue;
    App app{*trouble.stage, pipeline::DeploymentId{key}};
    if (std::find(apps_.begin(), apps_.end(), app) != apps_.end()) continue;
    apps_.push_back(std::move(app));
    is_new = true;
  }
  if (is_new) since_ = next_ = steady_clock::now();
}

void Returning::go_on(const std::stop_token& stop) {
  adopt();
  if (steady_clock::now() < next_) return;
  gateway_ = gateway_ && !has_gateway();
  databases_ = databases_ && !has_databases(stop);
  std::erase_if(apps_, [&](const App& app) { return !stop.stop_requested() && has(app); });
  const auto now = steady_clock::now();
  next_ = now + std::min<steady_clock::duration>((now - since_) / 4, kLongestPause);
}

bool Returning::has_gateway() {
  auto there = site_.supervisor.add({gateway_service(*site_.gateway)});
  there = there ? site_.gateway->await(kGatewayPatience) : fail(there.error().while_("the gateway cannot be started"));
  if (there) {
    over(site_, kGatewayService, "the gateway is back");
  } else {
    note(site_, kGatewayService, {{}, there.error().message}, there.error().message, kMayTake);
  }
  return there.has_value();
}

bool Returning::has_databases(const std::stop_token& stop) {
  if (!site_.databases->made()) return true;
  const auto there = site_.databases->ready(kPatience, stop);
  if (there) {
    over(site_, kDatabaseService, "the databases are back");
  } else if (!stop.stop_requested()) {
    note_databases(site_, there.error(), kMayTake);
  }
  return there.has_value();
}

// Or it is not wanted any more.
bool Returning::has(const App& app) {
  auto held = site_.hold(app.first);
  const auto record = site_.records.load(app.first, app.second);
  if (!record || is_ending(*record)) {
    forget(site_, app.second.value);
    return true;
  }
  const auto& instances = record->instances;
  if (!is_in_trouble(site_, app.second) &&
      std::all_of(instances.begin(), instances.end(), [&](const auto& one) { return is_started(site_, one); }))
    return true;
  // The supervisor does not start by itself what waits for its database.
  if (record->database.value_or(false) && databases_) return false;
  bring_back_or_note(site_, *record);
  return !is_in_trouble(site_, app.second);
}

std::map<pipeline::StageId, std::string> absent(Site& site) {
  std::map<pipeline::StageId, std::string> out;
  for (const auto& stage : site.records.stages()) {
    for (const auto& record : site.records.all(stage)) {
      const bool in_trouble = is_in_trouble(site, record.deployment);
      std::vector<std::string> missing;
      for (const auto& instance : record.instances) {
        if (!(in_trouble ? is_up(site, instance) : is_started(site, instance))) missing.push_back(instance.name);
      }
      if (missing.empty() || is_ending(record)) continue;
      // Looked at last: what is being ended left its route before.
      const auto route = site.gateway->find(stage.value);
      if (!route || route->live.empty()) continue;
      const auto& serving = route->live == "a" ? route->a : route->b;
      const auto serves = [&](const gateway::Server& server) {
        return std::find(missing.begin(), missing.end(), server.name) != missing.end();
      };
      if (serving.tag == record.deployment.value && std::any_of(serving.servers.begin(), serving.servers.end(), serves))
        out[stage] = why_absent(site, record);
    }
  }
  return out;
}

}  // namespace sluice::platform::local
