#include "gateway/usage.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "gateway/table.h"

namespace sluice::gateway {
namespace {

// Of a row of some hundred cells only a few are wanted.
std::string_view cell(std::string_view row, std::size_t index) {
  std::size_t begin = 0;
  for (; index > 0; --index) {
    begin = row.find(',', begin);
    if (begin == std::string_view::npos) return {};
    ++begin;
  }
  return row.substr(begin, row.find(',', begin) - begin);
}

}  // namespace

std::map<std::string, Counted> read_counted(const std::string& statistics) {
  std::map<std::string, Counted> out;
  std::map<std::string_view, std::size_t> columns;
  std::string_view rest = statistics;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto row = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (row.substr(0, 2) == "# ") {
      row.remove_prefix(2);
      for (std::size_t index = 0; !cell(row, index).empty(); ++index) columns[cell(row, index)] = index;
      continue;
    }
    const auto name = cell(row, 0);
    if (name.empty() || !columns.contains("scur") || !columns.contains("stot") || !columns.contains("lastsess"))
      continue;
    auto number = [&](const char* column) { return number_of(std::string(cell(row, columns.at(column)))); };
    auto& counted = out[std::string(name)];
    counted.open = number("scur");
    counted.requests = number("stot");
    const auto last = cell(row, columns.at("lastsess"));
    if (!last.empty() && last[0] != '-') counted.began = std::chrono::seconds(number("lastsess"));
  }
  return out;
}

std::map<std::string, Use> Usage::look(const std::map<std::string, Counted>& backends, Moment now) {
  std::map<std::string, Counted> routes;
  for (const auto& [backend, counted] : backends) {
    const auto dot = backend.find('.');
    if (dot == std::string::npos || (backend.substr(dot) != ".a" && backend.substr(dot) != ".b")) continue;
    auto& route = routes[backend.substr(0, dot)];
    route.open += counted.open;
    route.requests += counted.requests;
    if (counted.began && (!route.began || *counted.began < *route.began)) route.began = counted.began;
  }
  std::lock_guard lock(mutex_);
  std::erase_if(seen_, [&](const auto& entry) { return !routes.contains(entry.first); });
  std::map<std::string, Use> out;
  for (const auto& [id, route] : routes) {
    auto [at, is_new] = seen_.try_emplace(id, Seen{route.requests, 0, route.began ? now - *route.began : opened_});
    auto& seen = at->second;
    if (!is_new) {
      const auto more = route.requests - (route.requests < seen.counted ? 0 : seen.counted);
      seen.counted = route.requests;
      seen.requests += more;
      if (more > 0) seen.last = now;
    }
    if (route.open > 0) seen.last = now;
    out[id] = {route.open, seen.requests, std::chrono::duration_cast<Duration>(now - seen.last)};
  }
  return out;
}

}  // namespace sluice::gateway
