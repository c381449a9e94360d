#include "platform/local/watch.h"

#include <condition_variable>
#include <mutex>

#include "platform/local/instances.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 1s;
constexpr Duration kPatience = 3s;  // of one look; the end of the server waits for it

// The supervisor starts all of its services by itself, but those that wait for their database. False: that is not there
// yet.
bool start_what_waits(Site& site) {
  if (!site.databases->made()) return true;
  if (!site.databases->ready(kPatience)) return false;
  for (const auto& stage : site.records.stages()) {
    auto held = site.hold(stage);
    for (const auto& record : site.records.all(stage)) {
      const bool is_ending = record.draining || record.stopping;
      if (record.database.value_or(false) && !is_ending) (void)bring_back(site, record);
    }
  }
  return true;
}

}  // namespace

void keep_supervised(Site& site, const std::filesystem::path& supervisor, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  std::string said;
  bool some_wait = false;
  while (!wake.wait_for(lock, stop, kInterval, [&] { return stop.stop_requested(); })) {
    if (some_wait) some_wait = !start_what_waits(site);
    if (supervise::Supervisor::running(supervisor)) continue;
    site.databases->prepare();
    const auto started = supervise::Supervisor::ensure(supervisor);
    const std::string now = started ? "s6 had ended: it and what it keeps running are started again"
                                    : "s6 has ended and does not start again: " + started.error().message;
    if (site.options.report && now != said) site.options.report(now);
    said = started ? "" : now;
    some_wait = started.has_value();
  }
}

}  // namespace sluice::platform::local
