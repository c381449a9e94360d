#include "cli/usage_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/size.h"
#include "cli/json.h"
#include "cli/text.h"

namespace sluice::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t kColumns = 48;

double amount_at(const json::value& value, std::string_view path) {
  const auto* found = at(value, path);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

std::string bytes_at(const json::value& value, std::string_view path) {
  return size_text(static_cast<std::int64_t>(amount_at(value, path)));
}

std::string milliseconds_text(double ms) {
  if (ms < 10) return fmt::format("{:.2g} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1000);
}

std::string latency_at(const json::value& value, std::string_view path) {
  return has(value, path) ? milliseconds_text(amount_at(value, path)) : "–";
}

std::string share_text(double part, double whole) {
  if (part <= 0) return "–";
  const auto percent = 100 * part / whole;
  return percent < 0.1 ? "<0.1 %" : fmt::format("{:.2g} %", percent);
}

std::string money_text(const json::value& cost, std::string_view path) {
  const auto amount = amount_at(cost, path);
  return fmt::format("{} {:.{}f}", one_line(text_at(cost, "currency")), amount, amount != 0 && amount < 1 ? 4 : 2);
}

std::string span_text(std::int64_t seconds) { return human_duration(std::chrono::seconds(seconds)); }

// Values of points in columns of equal time; `join` says how those of one column become one.
struct Columns {
  Time since{}, until{};
  [[nodiscard]] std::size_t of(Time at) const {
    const auto whole = std::max<std::int64_t>((until - since).count(), 1);
    const auto index = (at - since).count() * static_cast<std::int64_t>(kColumns) / whole;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, kColumns - 1));
  }
};

std::vector<double> highest(const json::array& points, const Columns& columns, const char* name) {
  std::vector<double> out(kColumns);
  for (const auto& point : points) {
    auto& one = out[columns.of(time_at(point, "at").value_or(columns.since))];
    one = std::max(one, amount_at(point, name));
  }
  return out;
}

std::vector<double> added(const json::array& points, const Columns& columns, const char* name) {
  std::vector<double> out(kColumns);
  for (const auto& point : points)
    out[columns.of(time_at(point, "at").value_or(columns.since))] += amount_at(point, name);
  return out;
}

std::string cost_text(const json::value& totals) {
  std::string out = fmt::format("{:.1f} instance hours, {:.1f} GB hours", amount_at(totals, "instance_hours"),
                                amount_at(totals, "gb_hours"));
  if (has(totals, "cost")) out += ", " + money_text(*at(totals, "cost"), "amount");
  const auto idle = amount_at(totals, "idle_instance_hours");
  if (idle < 0.05) return out + "\n";
  out += fmt::format("; idle of these: {:.1f} instance hours", idle);
  if (has(totals, "cost")) out += ", " + money_text(*at(totals, "cost"), "idle");
  return out + " (no request for a quarter of an hour)\n";
}

}  // namespace

std::string bars(const std::vector<double>& values, double most) {
  const char* const heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const auto value : values) {
    const auto height = most > 0 && value > 0 ? std::clamp(static_cast<int>(std::ceil(value / most * 8)), 1, 8) : 0;
    out += heights[height];
  }
  return out;
}

std::string top_text(const json::array& stages, const Screen& screen) {
  if (stages.empty()) return "no stages yet; make a stack: sluice stack create NAME\n";
  std::vector<const json::value*> sorted;
  for (const auto& stage : stages) sorted.push_back(&stage);
  std::ranges::stable_sort(sorted, [](const json::value* a, const json::value* b) {
    const auto weight = [](const json::value& v) {
      return std::tuple(amount_at(v, "now.cpu"), amount_at(v, "hour.requests"), amount_at(v, "now.memory"));
    };
    return weight(*a) > weight(*b);
  });
  Table table;
  table.head = {{"STAGE"}, {"INSTANCES"}, {"CPU"}, {"MEMORY"}, {"REQUESTS"}, {"P50"}, {"P95"}, {"P99"}, {"5XX"}, {""}};
  table.spare = {7, 5, 9};
  table.shrink = 0;
  for (const auto* stage : sorted) {
    const auto instances = number_at(*stage, "now.instances");
    const auto requests = amount_at(*stage, "hour.requests"), errors = amount_at(*stage, "hour.server_errors");
    const bool idle = instances > 0 && requests == 0 && amount_at(*stage, "hour.instance_hours") > 0.9;
    table.rows.push_back({{text_at(*stage, "stack") + "/" + text_at(*stage, "stage"), Colour::bold},
                          {std::to_string(instances)},
                          {instances > 0 ? fmt::format("{:.2f}", amount_at(*stage, "now.cpu")) : "–"},
                          {instances > 0 ? bytes_at(*stage, "now.memory") : "–"},
                          {fmt::format("{:.0f}", requests)},
                          {latency_at(*stage, "hour.p50")},
                          {latency_at(*stage, "hour.p95")},
                          {latency_at(*stage, "hour.p99")},
                          {share_text(errors, requests), errors > 0 ? Colour::red : Colour::plain},
                          {idle ? "idle for an hour" : "", Colour::yellow}});
  }
  return render(table, screen.columns, screen.colour) +
         paint("instances, CPU (of one processor) and memory now; the rest in the last hour\n", Colour::dim,
               screen.colour);
}

std::string usage_text(const json::value& usage, const Screen& screen) {
  const Columns columns{time_at(usage, "since").value_or(Time{}), time_at(usage, "until").value_or(Time{})};
  const auto& points = list_at(usage, "points");
  const auto name = text_at(usage, "stack") + "/" + text_at(usage, "stage");
  const auto span = (columns.until - columns.since) / std::chrono::seconds(1);
  if (points.empty())
    return fmt::format("{} ran nothing and was asked for nothing in the last {}\n", name, span_text(span));

  Table table;
  const auto row = [&](const char* what, const std::vector<double>& values, const std::string& said) {
    table.rows.push_back({{what}, {bars(values, *std::ranges::max_element(values)), Colour::cyan}, {said}});
  };
  const auto most = [&](const char* member) {
    const auto values = highest(points, columns, member);
    return *std::ranges::max_element(values);
  };
  row("instances", highest(points, columns, "instances"), fmt::format("{} now", number_at(usage, "now.instances")));
  row("CPU", highest(points, columns, "cpu"),
      fmt::format("{:.2f} now, {:.2f} at most", amount_at(usage, "now.cpu"), most("cpu")));
  row("memory", highest(points, columns, "memory_peak"),
      bytes_at(usage, "now.memory") + " now, " + bytes_at(usage, "totals.memory_peak") + " at most");
  row("requests", added(points, columns, "requests"),
      fmt::format("{} in all, {} answered 4xx", number_at(usage, "totals.requests"),
                  number_at(usage, "totals.client_errors")));
  row("5xx", added(points, columns, "server_errors"), std::to_string(number_at(usage, "totals.server_errors")));
  if (has(usage, "totals.p50")) {
    row("p95", highest(points, columns, "p95"),
        fmt::format("p50 {}, p95 {}, p99 {}", latency_at(usage, "totals.p50"), latency_at(usage, "totals.p95"),
                    latency_at(usage, "totals.p99")));
  }
  std::vector<std::string> marks(kColumns, " ");
  const auto& deployments = list_at(usage, "deployments");
  for (const auto& one : deployments)
    marks[columns.of(time_at(one, "at").value_or(columns.since))] = text_at(one, "state") == "failed" ? "✗" : "▲";
  std::string line;
  for (const auto& mark : marks) line += mark;
  if (!deployments.empty()) {
    const auto& last = deployments.back();
    table.rows.push_back({{"deployed"},
                          {line},
                          {fmt::format("{} times, the last #{}{}", deployments.size(), number_at(last, "change"),
                                       text_at(last, "state") == "failed" ? ", which failed" : "")}});
  }
  return fmt::format("{}, the last {}; a column is {}\n\n", paint(name, Colour::bold, screen.colour), span_text(span),
                     span_text(span / static_cast<std::int64_t>(kColumns))) +
         render(table, screen.columns, screen.colour) + "\n" + cost_text(*at(usage, "totals"));
}

std::string prices_text(const json::value& prices) {
  if (!has(prices, "currency"))
    return "no prices: hours are shown without a cost; set them: sluice prices --currency EUR --instance-hour 0.01\n";
  const auto currency = one_line(text_at(prices, "currency"));
  return fmt::format("{0} {1} an instance hour, {0} {2} a GB hour\n", currency, amount_at(prices, "instance_hour"),
                     amount_at(prices, "gb_hour"));
}

}  // namespace sluice::cli
