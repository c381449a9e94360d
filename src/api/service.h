#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "api/api.h"
#include "api/attendant.h"
#include "api/check_ins.h"
#include "api/event_pump.h"
#include "api/figures.h"
#include "api/followers.h"
#include "api/guard.h"
#include "api/idempotency.h"

namespace sluice::api {

// What never changes once it is known, kept so that a page of stages asks Git and the database once: how many commits
// lie between two, the first line of a change's message, the name of a stage id. Bounded: full, it starts anew.
class Remembered {
 public:
  template <class F>
  std::string get(const std::string& key, F find) {
    {
      std::lock_guard lock(mutex_);
      auto known = kept_.find(key);
      if (known != kept_.end()) return known->second;
    }
    std::optional<std::string> value = find();
    if (!value) return "";
    std::lock_guard lock(mutex_);
    if (kept_.size() >= 20'000) kept_.clear();
    return kept_[key] = *value;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::string> kept_;
};

// What all handlers share.
struct Service {
  explicit Service(Deps given);
  Deps deps;
  Guard guard;
  Figures figures;
  Idempotency idempotency;
  CheckIns check_ins;
  Remembered remembered;
  // One edit with If-Match at a time, so that what was compared is what is changed.
  std::mutex editing;
  std::shared_mutex placing;  // a stage into a region: no region is removed meanwhile
  std::mutex telling;         // the platform of a stage's keys
  EventPump events;
  Followers followers;
  Attendant attendant;

  // The newest snapshot, or not_found in words.
  [[nodiscard]] Result<conductor::Snapshot> stack(const std::string& name) const;
};

// The stage in the order, else the leaving one of that name (newest), or not_found.
Result<const pipeline::Stage*> stage_of(const pipeline::Stack& stack, const std::string& name);

}  // namespace sluice::api
