#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>

#include "metrics/test_world.h"

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    probe_.logs = {folder_.path / "access"};
    open();
  }
  void open() {
    metrics_.reset();
    auto opened = Metrics::open(file(), probe_, [this](const std::string& text) { reports_.push_back(text); });
    ASSERT_TRUE(opened) << opened.error().message;
    metrics_ = std::move(*opened);
  }
  fs::path file() const { return folder_.path / "metrics.db"; }
  void look_after(Duration time, int times = 1) {
    for (int i = 0; i < times; ++i) {
      probe_.pass(time);
      for (auto& instance : probe_.there) instance.cpu_us += static_cast<std::uint64_t>(time.count()) * 100;  // 10 %
      metrics_->look();
    }
  }
  Time now() const { return probe_.moment.wall; }
  Use sum(Duration back, Duration step) {
    Use all;
    auto points = metrics_->points("s", now() - back, now() + 1min, step);
    EXPECT_TRUE(points);
    for (const auto& point : *points) all.add(point.use);
    return all;
  }
  void kill() {  // nothing that was not written survives
    fs::copy_file(file(), folder_.path / "copy.db");
    fs::copy_file(file().string() + "-wal", folder_.path / "copy.db-wal");
    metrics_.reset();
    fs::rename(folder_.path / "copy.db", file());
    fs::rename(folder_.path / "copy.db-wal", file().string() + "-wal");
    fs::remove(file().string() + "-shm");
    open();
  }

  TestFolder folder_;
  TestLog log_{folder_.path / "access"};
  TestProbe probe_;
  std::vector<std::string> reports_;
  std::unique_ptr<Metrics> metrics_;
};

TEST_F(MetricsTest, tells_what_a_stage_uses_now_and_used_in_every_span) {
  probe_.there = {{"s", 7, 1h, 0, 2048}, {"s", 8, 1h, 0, 1024}};
  metrics_->look();
  for (int i = 0; i < 3; ++i) {
    log_.request(now() + 3s, "s", 200, 20);
    log_.request(now() + 4s, "s", 500, 30);
    look_after(10s);
  }
  const auto current = metrics_->now("s");
  EXPECT_EQ(current.instances, 2);
  EXPECT_EQ(current.memory_kib, 3072u);
  EXPECT_NEAR(current.cpu, 0.2, 0.001);
  EXPECT_EQ(metrics_->now("other").instances, 0);

  const auto points = metrics_->points("s", now() - 1min, now(), 10s);
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 3u);
  const auto& use = points->front().use;
  EXPECT_EQ(to_rfc3339(points->front().at), "2026-01-31T09:30:00.000Z");
  EXPECT_EQ(use.instance_ms, 20'000u);
  EXPECT_EQ(use.cpu_us, 2'000'000u);
  EXPECT_EQ(use.memory, 3072u * 10'000u);
  EXPECT_EQ(use.peak, 3072u);
  EXPECT_EQ(use.requests, (std::array<std::uint64_t, 4>{1, 0, 0, 1}));
  EXPECT_EQ(use.latency.percentile(1), 30);
  EXPECT_EQ(metrics_->since_start("s").all_requests(), 6u);
}

TEST_F(MetricsTest, every_resolution_has_the_same_sums) {
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  for (int i = 0; i < 90; ++i) {
    log_.request(now() + 1s, "s");
    look_after(10s);
  }
  for (auto step : {Duration(10s), Duration(1min), Duration(15min), Duration(30min)}) {
    const auto all = sum(30min, step);
    EXPECT_EQ(all.instance_ms, 900'000u) << step.count();
    EXPECT_EQ(all.cpu_us, 90'000'000u);
    EXPECT_EQ(all.memory, 1024u * 900'000u);
    EXPECT_EQ(all.all_requests(), 90u);
  }
}

TEST_F(MetricsTest, nothing_is_lost_or_counted_twice_when_the_server_is_killed_or_away) {
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  for (int i = 0; i < 15; ++i) {  // written after each minute: the last half is not, yet
    log_.request(now() + 1s, "s");
    look_after(10s);
  }
  kill();
  for (int i = 0; i < 6; ++i) log_.request(now() + i * 10min, "s", 404);  // while it is away
  look_after(60min);
  auto all = sum(3h, 1min);
  EXPECT_EQ(all.all_requests(), 21u);
  EXPECT_EQ(all.requests[2], 6u);
  EXPECT_EQ(all.instance_ms, 150'000u + 3'600'000u);
  EXPECT_EQ(all.cpu_us, 15'000'000u + 360'000'000u);
  // Each where it belongs.
  const auto points = metrics_->points("s", now() - 61min, now(), 1min);
  ASSERT_TRUE(points);
  int with_errors = 0;
  for (const auto& point : *points) {
    with_errors += point.use.requests[2] > 0 ? 1 : 0;
    EXPECT_LE(point.use.instance_ms, 60'000u);
  }
  EXPECT_EQ(with_errors, 6);

  open();  // stopped and started
  look_after(10s);
  EXPECT_EQ(sum(3h, 1min).all_requests(), 21u);
}

TEST_F(MetricsTest, a_wall_clock_that_jumps_loses_nothing) {
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  look_after(10s, 30);
  const auto before = now();
  probe_.moment.wall += 24h * 365;
  look_after(10s, 30);
  probe_.moment.wall -= 24h * 365;
  look_after(10s, 30);
  EXPECT_EQ(now() - before, 10min);
  EXPECT_EQ(sum(20min, 1min).instance_ms, 600'000u);
  probe_.moment.wall -= 5min;
  look_after(10s, 30);
  EXPECT_EQ(sum(20min, 1min).instance_ms, 900'000u);
}

TEST_F(MetricsTest, a_stage_month_takes_little_room_and_no_more_after_two) {
  // A busy stage: two instances, and latencies over three powers of ten in every span.
  const auto pass = [&](Duration time, int requests) {
    for (int i = 0; i < requests; ++i) log_.request(now() + time / requests * i, "s", 200 + 100 * (i % 4), 3 + i * i);
    look_after(time);
  };
  const auto live = [&](int days) {
    for (int quarters = 0; quarters < days * 24 * 4; ++quarters) {
      if (quarters % 96 == 95) {
        log_.rotate();
        log_.remove_oldest();
      }
      pass(15min, 45);
    }
    for (int minutes = 0; minutes < 25 * 60; ++minutes) pass(1min, 15);
    for (int looks = 0; looks < 7 * 60; ++looks) pass(10s, 15);
    EXPECT_TRUE(metrics_->flush());
    open();  // closing writes the journal into the file
    return fs::file_size(file());
  };
  probe_.there = {{"s", 7, 1h, 0, 200'000}, {"s", 8, 1h, 0, 100'000}};
  metrics_->look();
  const auto first = live(32);
  const auto second = live(3);
  RecordProperty("bytes", static_cast<int>(first));
  EXPECT_LT(first, 700'000u) << "docs/monitoring.md says how much";
  EXPECT_LE(second, first + 40'000u);
  const auto points = metrics_->points("s", now() - 24h * 40, now(), 24h);
  ASSERT_TRUE(points);
  EXPECT_LE(points->size(), 33u);
  EXPECT_GE(points->size(), 31u);
}

TEST_F(MetricsTest, a_stage_that_rests_takes_no_room) {
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  look_after(1min, 5);
  probe_.there.clear();
  look_after(1min);
  ASSERT_TRUE(metrics_->flush());
  const auto points = metrics_->points("s", now() - 1h, now(), 1min);
  look_after(1min, 30);
  const auto later = metrics_->points("s", now() - 2h, now(), 1min);
  ASSERT_TRUE(points && later);
  EXPECT_EQ(later->size(), points->size());
}

TEST_F(MetricsTest, a_damaged_file_is_put_aside) {
  metrics_.reset();
  std::ofstream(file(), std::ios::trunc) << std::string(5000, 'x');
  open();
  EXPECT_TRUE(fs::exists(file().string() + ".damaged"));
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  look_after(10s, 12);
  EXPECT_EQ(sum(1h, 1min).instance_ms, 120'000u);
}

TEST_F(MetricsTest, steps_fit_what_is_kept_and_how_many_points_are_wanted) {
  metrics_->look();
  EXPECT_EQ(metrics_->step_for(now() - 1h, now(), 400), 10s);
  EXPECT_EQ(metrics_->step_for(now() - 24h, now(), 400), 5min);
  EXPECT_EQ(metrics_->step_for(now() - 24h * 7, now(), 400), 30min);
  EXPECT_EQ(metrics_->step_for(now() - 24h * 30, now(), 400), 150min);
  EXPECT_EQ(metrics_->step_for(now() - 24h * 3, now() - 24h * 3 + 1h, 400), 15min);
}

TEST_F(MetricsTest, looks_by_itself_once_started) {
  struct Waiting final : Probe {
    Moment now() override {
      return {std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()), 5h, "a boot"};
    }
    std::vector<Instance> instances() override {
      std::lock_guard lock(mutex);
      looked = true;
      changed.notify_all();
      return {};
    }
    std::vector<fs::path> access_logs() override { return {}; }
    std::mutex mutex;
    std::condition_variable changed;
    bool looked = false;
  } waiting;
  auto metrics = Metrics::open(folder_.path / "other.db", waiting, {});
  ASSERT_TRUE(metrics);
  (*metrics)->start();
  std::unique_lock lock(waiting.mutex);
  EXPECT_TRUE(waiting.changed.wait_for(lock, 20s, [&] { return waiting.looked; }));
  lock.unlock();
  metrics->reset();
}

TEST_F(MetricsTest, says_once_that_it_cannot_write_and_goes_on_when_it_can) {
  probe_.there = {{"s", 7, 1h, 0, 1024}};
  metrics_->look();
  look_after(10s, 6);
  // A lock of somebody else's on the file: the write waits for it and gives up.
  SQLite::Database other(file().string(), SQLite::OPEN_READWRITE);
  other.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
  look_after(1min);
  EXPECT_EQ(reports_.size(), 1u);
  other.exec("ROLLBACK");
  look_after(10s, 6);
  EXPECT_EQ(reports_.size(), 1u);
  EXPECT_EQ(sum(1h, 1min).instance_ms, 180'000u);
}

}  // namespace
}  // namespace sluice::metrics
