#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "conductor/conductor.h"

namespace sluice::conductor {

// Threads that advance pieces of work. They are made when first needed and kept; how many pieces run at once is the
// dispatcher's to say, so the queue here holds no more than it allows.
class Workers {
 public:
  // `finished` is called on a worker's thread, once for every piece.
  using Finished = std::function<void(const std::string& key, platform::Advance result)>;
  Workers(World& world, Finished finished) : world_(world), finished_(std::move(finished)) {}
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void start(pipeline::Work work);
  void ask_to_stop(const std::string& key);
  void stop();  // asks all to stop and joins; pieces not begun yet are forgotten

 private:
  struct Job {
    pipeline::Work work;
    std::stop_token stop;
  };
  void run();

  World& world_;
  Finished finished_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::map<std::string, std::stop_source> stops_;  // by key, of jobs waiting or running
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace sluice::conductor
