#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.h"

namespace sluice::identity {

// Writes down when credentials were used, behind the requests that use them. Holds at most one entry a credential.
class Uses {
 public:
  // `write` is called on this object's thread; what it could not write is noted anew with a later use.
  explicit Uses(std::function<void(const std::string& id, Time at)> write);
  Uses(const Uses&) = delete;
  Uses& operator=(const Uses&) = delete;
  ~Uses();  // what was noted is written first
  void note(const std::string& id, Time at);

 private:
  void run();

  std::function<void(const std::string&, Time)> write_;
  std::mutex mutex_;
  std::condition_variable noted_;
  std::map<std::string, Time> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice::identity
