#include "metrics/tally.h"

#include <algorithm>
#include <sstream>

namespace sluice::metrics {
namespace {

// A process that is this much older than the time since the last look ran then already, though it was not seen.
constexpr Duration kSlack = std::chrono::seconds(1);

std::uint64_t milliseconds(Duration span) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(span.count(), 0));
}

}  // namespace

std::vector<Spent> Tally::look(const Moment& now, const std::vector<Instance>& instances) {
  Duration since{};
  if (last_) since = last_->boot == now.boot ? now.up - last_->up : now.wall - last_->wall;
  since = std::max(since, Duration{});
  std::vector<Spent> out;
  std::map<Who, std::uint64_t> cpu;
  for (const auto& instance : instances) {
    const Who who{instance.pid, instance.born.count()};
    const auto known = cpu_.find(who);
    const auto age = std::max(now.up - instance.born, Duration{});
    const bool seen = known != cpu_.end() && last_ && last_->boot == now.boot;
    const bool began = !seen && last_ && age <= since + kSlack;
    Spent spent{instance.stage, began ? std::min(age, since) : since, {}};
    spent.use.instance_ms = milliseconds(spent.span);
    spent.use.memory = instance.memory_kib * milliseconds(spent.span);
    // An ended process takes its time with it where nobody waited for it: then the sum may fall, and counts from there.
    const auto before = seen ? known->second : began ? 0 : instance.cpu_us;
    spent.use.cpu_us = instance.cpu_us > before ? instance.cpu_us - before : 0;
    out.push_back(std::move(spent));
    cpu[who] = instance.cpu_us;
  }
  cpu_ = std::move(cpu);
  last_ = now;
  return out;
}

std::string Tally::encode() const {
  if (!last_) return {};
  std::ostringstream out;
  out << "1 " << (last_->boot.empty() ? "-" : last_->boot) << ' ' << last_->up.count() << ' '
      << last_->wall.time_since_epoch().count();
  for (const auto& [who, cpu] : cpu_) out << ' ' << who.first << ' ' << who.second << ' ' << cpu;
  return out.str();
}

Tally Tally::decode(const std::string& text) {
  std::istringstream in(text);
  int version = 0;
  Moment last;
  std::int64_t up = 0, wall = 0;
  if (!(in >> version >> last.boot >> up >> wall) || version != 1) return {};
  if (last.boot == "-") last.boot.clear();
  last.up = Duration(up);
  last.wall = Time(Duration(wall));
  Tally out;
  out.last_ = last;
  Who who;
  std::uint64_t cpu = 0;
  while (in >> who.first >> who.second >> cpu) out.cpu_[who] = cpu;
  return out;
}

}  // namespace sluice::metrics
