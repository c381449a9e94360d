#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// Asking instances over HTTP whether they are well.
namespace sluice::platform::local {

struct HealthCheck {
  std::string path = "/";
  std::string host;     // of the Host header
  Duration timeout{};   // for all of them together
  Duration interval{};  // at most, between two looks; the first come faster
};

// How far one instance came.
struct Health {
  std::int64_t port = 0;
  bool well = false;       // answered 2xx, or 3xx that leads somewhere
  bool connected = false;  // somebody listens
  int status = 0;          // of its newest answer; 0: none yet
  std::string circle;      // the paths of its redirects, when they come back to one of them or do not end
};

// Looks at all of them until all are well, the time is over, `stop` is asked for, or `give_up` (called a few times a
// second) says why to end early. What it returns says how it ended; `given_up` holds `give_up`'s words.
struct Looked {
  std::vector<Health> instances;
  std::optional<std::string> given_up;
  bool stopped = false;
  [[nodiscard]] bool all_well() const;
};
Looked look(const std::vector<std::int64_t>& ports, const HealthCheck& check, std::stop_token stop,
            const std::function<std::optional<std::string>(const std::vector<Health>&)>& give_up = {});

}  // namespace sluice::platform::local
