#pragma once
#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/local/site.h"

// What is meant to run and does not start: it is tried again until it does, and a person is told once when that lasts
// and once when it is over.
namespace sluice::platform::local {

// Brings an app back, with its stage held. Where that fails it is noted, said, and Returning tries it again.
void bring_back_or_note(Site& site, const Record& record);
// The databases were waited for, and do not answer.
void note_databases(Site& site, const Error& why, Duration may_take = {});

class Returning {
 public:
  explicit Returning(Site& site) : site_(site) {}
  // s6 was started anew: gateway, databases and apps are brought back as far as it does not do that by itself.
  void begin();
  // Tries what is due; to be called every second or so. Gives way within a few seconds when it is told to stop.
  void go_on(const std::stop_token& stop);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  using App = std::pair<pipeline::StageId, pipeline::DeploymentId>;
  void adopt();  // what could not be brought back when the server started
  bool has_gateway();
  bool has_databases(const std::stop_token& stop);
  bool has(const App& app);

  Site& site_;
  bool gateway_ = false, databases_ = false;  // to be brought back
  std::vector<App> apps_;
  Moment since_{}, next_{};
};

// LocalPlatform::absent.
std::map<pipeline::StageId, std::string> absent(Site& site);

}  // namespace sluice::platform::local
