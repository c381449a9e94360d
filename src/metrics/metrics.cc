#include "metrics/metrics.h"

#include <algorithm>
#include <condition_variable>
#include <sstream>

namespace sluice::metrics {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
namespace {

constexpr Duration kFlush = 1min;
constexpr Duration kPrune = 1h;
// While they cannot be written: about a day of fifty stages' finest spans.
constexpr std::size_t kMostPending = 500'000;

Time floor_to(Time at, Duration step) {
  const auto over = at.time_since_epoch() % step;
  return at - (over < Duration{} ? over + step : over);
}

std::string note_of(const fs::path& folder) { return "read " + folder.string(); }

std::string write_place(const Tail::Place& place) {
  return std::to_string(place.inode) + ' ' + std::to_string(place.offset) + ' ' + place.begins;
}

Tail::Place read_place(const std::string& text) {
  Tail::Place out;
  std::istringstream in(text);
  if (!(in >> out.inode >> out.offset)) return {};
  in.get();
  std::getline(in, out.begins);
  return out;
}

// What cannot be read counts as nothing: one bad value must not hide the others.
std::string sum(std::string_view there, std::string_view comes) {
  Use all, more;
  if (!Use::decode(there, all)) all = {};
  if (Use::decode(comes, more)) all.add(more);
  return all.encode();
}

}  // namespace

Metrics::Metrics(std::unique_ptr<store::Series> series, Probe& probe, std::function<void(const std::string&)> report)
    : series_(std::move(series)), probe_(probe), report_(std::move(report)) {}

Result<std::unique_ptr<Metrics>> Metrics::open(const fs::path& file, Probe& probe,
                                               std::function<void(const std::string&)> report) {
  auto series = store::Series::open(file);
  if (!series) return fail(series.error());
  std::unique_ptr<Metrics> out(new Metrics(std::move(*series), probe, std::move(report)));
  auto tally = out->series_->note("tally");
  if (!tally) return fail(tally.error());
  out->tally_ = Tally::decode(*tally);
  out->looked_at_ = probe.now().wall;
  return out;
}

Metrics::~Metrics() {
  thread_ = {};
  (void)flush();
}

void Metrics::start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    do {
      look();
      const auto over = probe_.now().wall.time_since_epoch() % kLook;
      wake.wait_for(lock, stop, kLook - over, [&stop] { return stop.stop_requested(); });
    } while (!stop.stop_requested());
  });
}

void Metrics::look() {
  const auto now = probe_.now();
  const auto instances = probe_.instances();
  const auto spent = tally_.look(now, instances);
  Requests requests(kLook);
  for (const auto& folder : probe_.access_logs()) {
    auto& tail = tails_[folder];
    if (!tail) {
      const auto place = series_->note(note_of(folder));
      tail = std::make_unique<Tail>(folder, place ? read_place(*place) : Tail::Place{});
    }
    tail->read([&requests](std::string_view line) { requests.take(line); });
  }

  std::lock_guard lock(mutex_);
  looked_at_ = now.wall;
  now_.clear();
  for (const auto& instance : instances) {
    auto& one = now_[instance.stage];
    ++one.instances;
    one.memory_kib += instance.memory_kib;
  }
  for (const auto& one : spent) {
    if (one.span <= Duration{}) continue;
    spread(one, now);
    auto& stage = now_[one.stage];
    stage.cpu += static_cast<double>(one.use.cpu_us) / 1000.0 / static_cast<double>(one.span.count());
    Use peak;
    peak.peak = stage.memory_kib;
    add(one.stage, now.wall - kLook / 2, peak);
  }
  for (const auto& [stage, by_span] : requests.stages()) {
    for (const auto& [at, use] : by_span.spans) {
      add(stage, at, use);
      since_start_[stage].add(use);
    }
  }
  const auto since_flush = now.wall - flushed_at_;
  if (since_flush >= kFlush || since_flush < Duration{}) {
    flushed_at_ = floor_to(now.wall, kFlush);
    auto written = flush_locked();
    if (!written && !failing_ && report_) report_(written.error().message);
    failing_ = !written;
  }
  prune(now);
}

void Metrics::add(const std::string& stage, Time at, const Use& use) {
  for (const auto& [step, kept] : kResolutions) {
    if (looked_at_ - at > kept) continue;  // too old for this one
    pending_[{stage, step.count(), floor_to(at, step).time_since_epoch().count()}].add(use);
  }
}

// Over the spans that lie between two looks, each its part.
void Metrics::spread(const Spent& spent, const Moment& now) {
  since_start_[spent.stage].add(spent.use);
  const auto whole = spent.span.count();
  const auto begin = now.wall - spent.span;
  for (const auto& [step, kept] : kResolutions) {
    for (auto at = floor_to(std::max(begin, now.wall - kept), step); at < now.wall; at += step) {
      const auto from = std::max(begin, at) - begin, to = std::min(now.wall, at + step) - begin;
      pending_[{spent.stage, step.count(), at.time_since_epoch().count()}].add(
          spent.use.part(static_cast<std::uint64_t>(from.count()), static_cast<std::uint64_t>(to.count()),
                         static_cast<std::uint64_t>(whole)));
    }
  }
}

Result<> Metrics::flush() {
  std::lock_guard lock(mutex_);
  return flush_locked();
}

Result<> Metrics::flush_locked() {
  std::vector<store::Series::Value> values;
  values.reserve(pending_.size());
  for (const auto& [key, use] : pending_) values.push_back({key.stage, key.step, key.at, use.encode()});
  std::vector<store::Series::Note> notes{{"tally", tally_.encode()}};
  for (const auto& [folder, tail] : tails_) notes.push_back({note_of(folder), write_place(tail->place())});
  auto written = series_->add(values, notes, sum);
  if (written || pending_.size() > kMostPending) pending_.clear();
  return written;
}

// A wall clock that was set far ahead, and back within the hour, makes nothing old.
void Metrics::prune(const Moment& now) {
  if (pruned_ && now.boot == pruned_->boot && now.up - pruned_->up < kPrune) return;
  const bool steady = pruned_ && now.wall - pruned_->wall <= now.up - pruned_->up + kPrune;
  pruned_ = now;
  if (!steady) return;
  std::vector<store::Series::Keep> keep;
  for (const auto& [step, kept] : kResolutions)
    keep.push_back(
        {step.count(), (now.wall - kept).time_since_epoch().count(), (now.wall + 24h).time_since_epoch().count()});
  (void)series_->prune(keep);
}

Time Metrics::looked_at() const {
  std::lock_guard lock(mutex_);
  return looked_at_;
}

Now Metrics::now(const std::string& stage) const {
  std::lock_guard lock(mutex_);
  const auto found = now_.find(stage);
  return found == now_.end() ? Now{} : found->second;
}

Use Metrics::since_start(const std::string& stage) const {
  std::lock_guard lock(mutex_);
  const auto found = since_start_.find(stage);
  return found == since_start_.end() ? Use{} : found->second;
}

Duration Metrics::step_for(Time since, Time until, std::size_t points) const {
  const auto age = looked_at() - since;
  Duration base = kResolutions[0].step;
  for (const auto& [step, kept] : kResolutions) {
    base = step;
    if (age < kept) break;
  }
  Duration step = base;
  for (int factor : {1, 2, 3, 5, 6, 10, 15, 20, 30, 60, 120, 180, 240, 360}) {
    step = base * factor;
    if (until - since <= step * static_cast<std::int64_t>(points)) break;
  }
  return step;
}

Result<std::vector<Point>> Metrics::points(const std::string& stage, Time since, Time until, Duration step) {
  std::lock_guard lock(mutex_);
  Duration base = kResolutions[0].step;
  for (const auto& [kept_step, kept] : kResolutions) {
    if (step % kept_step == Duration{}) base = kept_step;
    if (looked_at_ - since < kept) break;
  }
  std::map<Time, Use> out;
  const auto take = [&](std::int64_t at, const Use& use) { out[floor_to(Time(Duration(at)), step)].add(use); };
  const auto first = since.time_since_epoch().count(), end = until.time_since_epoch().count();
  auto read = series_->read(stage, base.count(), first, end, [&](std::int64_t at, std::string_view bytes) {
    if (Use use; Use::decode(bytes, use)) take(at, use);
  });
  if (!read) return fail(read.error());
  for (auto at = pending_.lower_bound({stage, base.count(), first});
       at != pending_.end() && at->first < Key{stage, base.count(), end}; ++at)
    take(at->first.at, at->second);
  std::vector<Point> points;
  points.reserve(out.size());
  for (auto& [at, use] : out) points.push_back({at, std::move(use)});
  return points;
}

}  // namespace sluice::metrics
