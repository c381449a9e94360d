#include "source/upkeep.h"

#include "source/git.h"

namespace sluice::source {

constexpr auto kPause = std::chrono::seconds(10);

Repositories::Upkeep::Upkeep() : thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Repositories::Upkeep::look_at(const std::filesystem::path& repository) {
  const std::scoped_lock lock(mutex_);
  due_.insert(repository);
  asked_.notify_one();
}

void Repositories::Upkeep::work(const std::stop_token& stop) {
  while (true) {
    std::filesystem::path repository;
    {
      std::unique_lock lock(mutex_);
      if (!asked_.wait(lock, stop, [this] { return !due_.empty(); })) return;
      // Not beside the deployment that the same push has begun.
      asked_.wait_for(lock, stop, kPause, [] { return false; });
      if (stop.stop_requested()) return;
      repository = *due_.begin();
      due_.erase(due_.begin());
    }
    ProcessCommand command;
    command.argv = {"git", "-C", repository.string(), "gc", "--auto", "--quiet"};
    command.env = git_environment();
    command.stop = stop;
    (void)run(command);
  }
}

}  // namespace sluice::source
