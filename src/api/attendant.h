#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "api/check_ins.h"
#include "store/store.h"

namespace sluice::api {

// One thread for what no request waits for: at the start, check-ins that a crash left in their repositories; later, the
// repositories of stacks that are gone, which are moved aside and not deleted.
class Attendant {
 public:
  Attendant(conductor::Conductor& conductor, store::Store& store, source::Repositories& repositories,
            CheckIns& check_ins);
  ~Attendant();
  // Noted durably before the stack's deletion is asked for; forget() when that was refused.
  Result<> expect_departure(const pipeline::StackId& stack, const std::string& name);
  void forget(const pipeline::StackId& stack);
  // A pushed tip that could not be told to the conductor: looked at again until it could.
  void look_again(const std::string& stack_name);

 private:
  void run(std::stop_token stop);
  void see_off();
  void look_at_unsure();

  conductor::Conductor& conductor_;
  store::Store& store_;
  source::Repositories& repositories_;
  CheckIns& check_ins_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::string> departing_;  // stack id -> name
  std::set<std::string> unsure_;                  // names of stacks to look at again
  std::jthread thread_;                           // last: it uses all the rest
};

}  // namespace sluice::api
