#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "api/fields.h"
#include "api/prices.h"
#include "api/service.h"
#include "base/codec.h"

// What stages use: one over time, with its deployments; all of them now and in the last hour.
namespace sluice::api {
namespace {

using namespace std::chrono_literals;
using metrics::Use;

constexpr std::size_t kPoints = 400;  // a chart's worth
constexpr Duration kLongest = 24h * 31;
constexpr Duration kQuarter = 15min;  // in which no request makes an instance idle
constexpr double kMsPerHour = 3'600'000;

Time floor_to(Time at, Duration step) { return at - at.time_since_epoch() % step; }

// Enough digits for people, and no more bytes.
double rounded(double value, double to = 1e4) { return std::round(value * to) / to; }

double instance_hours(const Use& use) { return static_cast<double>(use.instance_ms) / kMsPerHour; }
double gb_hours(const Use& use) { return static_cast<double>(use.memory) / 1048576.0 / kMsPerHour; }

void put_requests(json::object& out, const Use& use) {
  out["requests"] = use.all_requests();
  out["client_errors"] = use.requests[2];
  out["server_errors"] = use.requests[3];
  if (use.latency.empty()) return;
  out["p50"] = use.latency.percentile(0.50);
  out["p95"] = use.latency.percentile(0.95);
  out["p99"] = use.latency.percentile(0.99);
}

json::object point_view(const metrics::Point& point, Duration length) {
  const auto ms = static_cast<double>(std::max<std::int64_t>(length.count(), 1));
  json::object out{{"at", to_rfc3339(point.at)},
                   {"instances", rounded(static_cast<double>(point.use.instance_ms) / ms, 1e2)},
                   {"cpu", rounded(static_cast<double>(point.use.cpu_us) / 1000 / ms)},
                   {"memory", static_cast<std::uint64_t>(static_cast<double>(point.use.memory) / ms) * 1024},
                   {"memory_peak", point.use.peak * 1024}};
  put_requests(out, point.use);
  return out;
}

json::object now_view(const metrics::Now& now) {
  return {{"instances", now.instances}, {"cpu", rounded(now.cpu)}, {"memory", now.memory_kib * 1024}};
}

// Sums over a span of time, and what of it was idle.
json::object totals_view(const std::vector<metrics::Point>& points, const std::optional<Prices>& prices) {
  Use all, idle;
  std::map<Time, Use> quarters;
  for (const auto& point : points) {
    all.add(point.use);
    quarters[floor_to(point.at, kQuarter)].add(point.use);
  }
  for (const auto& [at, use] : quarters) {
    if (use.all_requests() == 0) idle.add(use);
  }
  json::object out;
  put_requests(out, all);
  out["memory_peak"] = all.peak * 1024;
  out["cpu_hours"] = rounded(static_cast<double>(all.cpu_us) / 1000 / kMsPerHour);
  out["instance_hours"] = rounded(instance_hours(all));
  out["idle_instance_hours"] = rounded(instance_hours(idle));
  out["gb_hours"] = rounded(gb_hours(all));
  if (prices) {
    const auto cost = [&](const Use& use) {
      return rounded(instance_hours(use) * prices->instance_hour + gb_hours(use) * prices->gb_hour, 1e6);
    };
    out["cost"] = json::object{{"currency", prices->currency}, {"amount", cost(all)}, {"idle", cost(idle)}};
  }
  return out;
}

std::vector<metrics::Point> coarser(const std::vector<metrics::Point>& points, Duration step) {
  std::vector<metrics::Point> out;
  for (const auto& point : points) {
    const auto at = floor_to(point.at, step);
    if (out.empty() || out.back().at != at) out.push_back({at, {}});
    out.back().use.add(point.use);
  }
  return out;
}

// Deployments to the stage that ended then, oldest first: what changes a curve.
Result<json::array> ended_between(Service& service, const pipeline::Stage& stage, const pipeline::StackId& stack,
                                  Time since, Time until) {
  constexpr std::size_t kPages = 5, kPage = 100;
  json::array newest_first;
  std::string after;
  for (std::size_t page = 0; page < kPages; ++page) {
    auto rows = service.deps.store.deployments(stack, stage.id, 0, after, kPage);
    if (!rows) return fail(rows.error());
    for (const auto& row : rows->items) {
      const bool counts =
          row.state == pipeline::DeploymentState::succeeded || row.state == pipeline::DeploymentState::failed;
      if (!counts || !row.ended_at || *row.ended_at < since || *row.ended_at > until) continue;
      newest_first.push_back(json::object{{"deployment", row.id.value},
                                          {"change", row.change.number},
                                          {"kind", codec::enum_name(row.kind)},
                                          {"state", codec::enum_name(row.state)},
                                          {"at", to_rfc3339(*row.ended_at)}});
    }
    // One that is queued for long ends long after it was made; a day is long.
    if (rows->next.empty() || rows->items.back().queued_at < since - 24h) break;
    after = rows->next;
  }
  return json::array(newest_first.rbegin(), newest_first.rend());
}

Result<metrics::Metrics*> metrics_of(Service& service) {
  if (service.deps.metrics == nullptr) return fail(ErrorKind::unavailable, "this server measures nothing");
  return service.deps.metrics;
}

}  // namespace

Answer show_usage(Service& service, const Call& call) {
  const auto now = service.deps.clock.now();
  auto since = query_since(call.request, now);
  if (!since) return fail(since.error());
  Time until = now;
  if (auto text = query_text(call.request, "until")) {
    const auto time = from_rfc3339(*text);
    if (!time) return fail_field("until", "must be a time like 2026-01-31T09:30:00Z, not " + in_quotes(*text));
    until = std::min(*time, now);
  }
  Time from = since->value_or(until - 1h);
  if (from >= until) return fail_field("since", "must be before until, and before now");
  if (until - from > kLongest) return fail_field("since", "must be within 31 days: no more is kept");
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  auto metrics = metrics_of(service);
  if (!metrics) return fail(metrics.error());

  const auto step = (*metrics)->step_for(from, until, kPoints);
  const auto finest = (*metrics)->step_for(from, until, std::numeric_limits<std::int32_t>::max());
  from = floor_to(from, step);
  auto points = (*metrics)->points((*stage)->id.value, from, until, finest);
  if (!points) return fail(points.error());
  auto deployments = ended_between(service, **stage, (*stack)->id, from, until);
  if (!deployments) return fail(deployments.error());

  const auto looked_at = (*metrics)->looked_at();
  json::array views;
  for (const auto& point : coarser(*points, step))
    views.push_back(point_view(point, std::clamp(looked_at - point.at, Duration(1s), step)));
  return answer(200, json::object{{"stack", (*stack)->name},
                                  {"stage", (*stage)->name},
                                  {"since", to_rfc3339(from)},
                                  {"until", to_rfc3339(until)},
                                  {"step", step / 1s},
                                  {"measured_at", to_rfc3339(looked_at)},
                                  {"next_at", to_rfc3339(floor_to(looked_at, step) + step)},
                                  {"now", now_view((*metrics)->now((*stage)->id.value))},
                                  {"totals", totals_view(*points, read_prices(service.deps.store))},
                                  {"points", std::move(views)},
                                  {"deployments", std::move(*deployments)}});
}

Answer list_usage(Service& service, const Call& call) {
  auto limit = query_limit(call.request, 1000, 200);
  if (!limit) return fail(limit.error());
  auto metrics = metrics_of(service);
  if (!metrics) return fail(metrics.error());
  const auto only = query_text(call.request, "stack");
  std::vector<conductor::Snapshot> stacks;
  if (only) {
    auto stack = service.stack(*only);
    if (!stack) return fail(stack.error());
    stacks.push_back(*stack);
  } else {
    stacks = service.deps.conductor.snapshots();
  }
  const auto looked_at = (*metrics)->looked_at();
  const auto until = looked_at + 1s, since = floor_to(until - 1h, 1min);
  const auto prices = read_prices(service.deps.store);
  const auto after = query_after(call.request);
  bool passed = after.empty();
  std::string last;
  json::array items;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      const auto name = stack->name + "/" + stage.name;
      if (!passed) {
        passed = name == after || stack->name > after.substr(0, after.find('/'));
        if (name == after || !passed) continue;
      }
      if (items.size() == *limit) {
        auto page = answer_page(std::move(items), last);
        return page;
      }
      auto points = (*metrics)->points(stage.id.value, since, until, 1min);
      if (!points) return fail(points.error());
      items.push_back(json::object{{"stack", stack->name},
                                   {"stage", stage.name},
                                   {"state", codec::enum_name(pipeline::state_of(stage))},
                                   {"measured_at", to_rfc3339(looked_at)},
                                   {"next_at", to_rfc3339(floor_to(looked_at, metrics::kLook) + metrics::kLook)},
                                   {"now", now_view((*metrics)->now(stage.id.value))},
                                   {"hour", totals_view(*points, prices)}});
      last = name;
    }
  }
  return answer_page(std::move(items), "");
}

}  // namespace sluice::api
