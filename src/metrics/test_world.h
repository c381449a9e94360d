#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "metrics/probe.h"

namespace sluice::metrics {

class TestFolder {
 public:
  TestFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice_metrics_XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { (void)remove_tree(path); }
  std::filesystem::path path;
};

// An access log that is put away as s6-log does it.
class TestLog {
 public:
  explicit TestLog(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void write(const std::string& text) { (std::ofstream(folder_ / "current", std::ios::app) << text).flush(); }
  void request(Time at, const std::string& stage, int status = 200, int latency = 5) {
    auto stamp = to_rfc3339(at);
    stamp[10] = ' ';
    stamp.pop_back();
    write(stamp + "000000  " + stage + " 127.0.0.1 \"GET / HTTP/1.1\" " + std::to_string(status) +
          " bytes=9 first=" + std::to_string(latency) + " total=" + std::to_string(latency) + " to=x/y end=-- id=1\n");
  }
  void rotate() {
    auto stamp = std::to_string(1000 + ++rotated_);
    std::filesystem::rename(folder_ / "current", folder_ / ("@4000" + stamp + ".s"));
    write("");
  }
  void remove_oldest() { std::filesystem::remove(folder_ / ("@4000" + std::to_string(1000 + ++removed_) + ".s")); }

 private:
  std::filesystem::path folder_;
  int rotated_ = 0, removed_ = 0;
};

// A world whose clocks and instances the test sets.
class TestProbe final : public Probe {
 public:
  Moment now() override { return moment; }
  std::vector<Instance> instances() override { return there; }
  std::vector<std::filesystem::path> access_logs() override { return logs; }

  void pass(Duration time) {
    moment.wall += time;
    moment.up += time;
  }

  Moment moment{*from_rfc3339("2026-01-31T09:30:00.000Z"), std::chrono::hours(5), "a-boot"};
  std::vector<Instance> there;
  std::vector<std::filesystem::path> logs;
};

}  // namespace sluice::metrics
