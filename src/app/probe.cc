#include "app/probe.h"

#include <time.h>

#include <fstream>

namespace sluice::app {

LocalProbe::LocalProbe(const platform::Regions& regions) : regions_(regions) {
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot_;
}

metrics::Moment LocalProbe::now() {
  timespec up{};
  ::clock_gettime(CLOCK_BOOTTIME, &up);  // by which /proc tells when a process began
  return {SystemClock().now(), Duration(up.tv_sec * 1000 + up.tv_nsec / 1'000'000), boot_};
}

std::vector<metrics::Instance> LocalProbe::instances() {
  std::vector<metrics::Instance> out;
  for (const auto& one : regions_.running())
    out.push_back({one.stage.value, one.pid, one.born, one.cpu_us, one.memory_kib});
  return out;
}

std::vector<std::filesystem::path> LocalProbe::access_logs() { return regions_.access_dirs(); }

}  // namespace sluice::app
