#include "platform/local/watch.h"

#include <condition_variable>
#include <mutex>

#include "platform/local/returning.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 1s;

}  // namespace

void keep_supervised(Site& site, const std::filesystem::path& supervisor, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  std::string said;
  Returning returning(site);
  while (!wake.wait_for(lock, stop, kInterval, [&] { return stop.stop_requested(); })) {
    if (supervise::Supervisor::running(supervisor)) {
      returning.go_on(stop);
      continue;
    }
    site.databases->prepare();
    const auto started = supervise::Supervisor::ensure(supervisor);
    const std::string now = started ? "s6 had ended: it and what it keeps running are started again"
                                    : "s6 has ended and does not start again: " + started.error().message;
    if (site.options.report && now != said) site.options.report(now);
    said = started ? "" : now;
    if (started) returning.begin();
  }
}

}  // namespace sluice::platform::local
