#include "conductor/conductor.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "conductor/core.h"
#include "conductor/published.h"
#include "conductor/workers.h"

namespace sluice::conductor {
namespace {

using namespace pipeline;

// Callers that may wait at once; one more is told to come back.
constexpr std::size_t kMostWaiting = 8192;
// Commands gathered for one commit.
constexpr std::size_t kMostGathered = 2048;
// The clock may be set while a timer runs: it is looked at again after this, but only when there is a timer.
constexpr Duration kLongestSleep = std::chrono::seconds(30);
// NTP moves the clock by less.
constexpr Duration kClockWasSet = std::chrono::seconds(5);

Error busy() { return Error{ErrorKind::unavailable, "The server has too much to do at this moment; try again.", {}}; }
Error ending() { return Error{ErrorKind::unavailable, "The server is stopping; try again when it is back.", {}}; }

class Threaded final : public Conductor {
 public:
  Threaded(store::Store& store, secrets::Secrets& secrets, World& world, const Clock& clock, Random& random,
           const Options& options)
      : ledger_(ledger_of(store)),
        secrets_(secrets),
        clock_(clock),
        is_machines_(dynamic_cast<const SystemClock*>(&clock) != nullptr),
        random_(random),
        core_(*ledger_, secrets, clock, options),
        workers_(world,
                 [this](const std::string& key, platform::Advance result) { finished(key, std::move(result)); }) {}

  ~Threaded() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (decider_.joinable()) decider_.join();
    {
      const std::lock_guard lock(group_mutex_);
      no_more_groups_ = true;
    }
    group_wake_.notify_all();
    if (writer_.joinable()) writer_.join();
    workers_.stop();
    core_.abandon(ending());
    for (Request& request : inbox_)
      if (request.answer) request.answer(fail(ending()));
  }

  Result<> begin() {
    if (auto loaded = core_.load(); !loaded) return loaded;
    published_.replace(core_.committed_stacks());
    newest_ = ledger_->last_seq();
    writer_ = std::thread([this] { write(); });
    decider_ = std::thread([this] { decide(); });
    return {};
  }

  Result<Outcome> create_stack(const std::string& name, const Source& source, const std::string& first_stage,
                               const StageConfig& config, const Actor& actor,
                               std::function<Result<>(const StackId&)> before_commit, Remember remember) override {
    StackId id;
    {
      const std::lock_guard lock(random_mutex_);
      id.value = "stk_" + random_id(random_, 8);
    }
    auto events = pipeline::create(id, name, source, first_stage, config, actor, clock_.now());
    if (!events) return fail(events.error());
    if (before_commit && !snapshot(name))
      if (auto ready = before_commit(id); !ready) return fail(ready.error());
    Request request;
    request.command.actor = actor;
    request.creation = Creation{id, name, source, first_stage, config};
    request.remember = std::move(remember);
    return ask(std::move(request));
  }

  Result<Outcome> submit(const std::string& stack_name, Command command, std::optional<SettingsEdit> edit,
                         Remember remember) override {
    Request request;
    request.stack_name = stack_name;
    request.command = std::move(command);
    request.edit = std::move(edit);
    request.remember = std::move(remember);
    return ask(std::move(request));
  }

  Result<Outcome> cancel(const DeploymentId& deployment, const Actor& actor) override {
    Request request;
    request.stack = stack_of(deployment.value);
    if (request.stack.empty()) return fail(ErrorKind::not_found, "There is no deployment " + deployment.value + ".");
    request.command = Command{actor, Cancel{deployment, ""}};
    return ask(std::move(request));
  }

  Snapshot snapshot(const std::string& stack_name) const override { return published_.find(stack_name); }
  std::vector<Snapshot> snapshots() const override { return published_.all(); }

  void on_commit(std::function<void(std::int64_t)> listener) override {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
  }

  std::int64_t wait_commit(std::int64_t seq, Duration at_most) override {
    std::unique_lock lock(newest_mutex_);
    newer_.wait_for(lock, at_most, [&] { return newest_ > seq; });
    return newest_;
  }

  Result<secrets::Settings> settings(const std::string& stack_name, const std::string& stage) override {
    const Snapshot stack = snapshot(stack_name);
    if (!stack) return fail(ErrorKind::not_found, "There is no stack named " + stack_name + ".");
    const Stage* found = find_stage(*stack, stage);
    if (!found) return fail(ErrorKind::not_found, "The stack " + stack_name + " has no stage named " + stage + ".");
    return secrets_.read(found->id, found->settings_revision);
  }

 private:
  struct Finished {
    std::string key;
    platform::Advance result;
  };

  Result<Outcome> ask(Request request) {
    const auto promise = std::make_shared<std::promise<Result<Outcome>>>();
    auto answer = promise->get_future();
    request.answer = [this, promise](Result<Outcome> outcome) {
      --waiting_;
      promise->set_value(std::move(outcome));
    };
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return fail(ending());
      if (waiting_ >= kMostWaiting) return fail(busy());
      ++waiting_;
      inbox_.push_back(std::move(request));
    }
    wake_.notify_one();
    return answer.get();
  }

  void finished(const std::string& key, platform::Advance result) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      finished_.push_back({key, std::move(result)});
    }
    wake_.notify_one();
  }

  // The thread that owns all stacks.
  void decide() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      const auto written = std::exchange(written_, std::nullopt);
      std::vector<Finished> results;
      std::deque<Request> requests;
      if (core_.gathered() < kMostGathered) {
        results = std::exchange(finished_, {});
        requests = std::exchange(inbox_, {});
      }
      lock.unlock();
      watch_clock();
      if (written) settle(*written);
      for (Finished& each : results) core_.finished(each.key, std::move(each.result));
      for (Request& request : requests) core_.submit(std::move(request));
      core_.tick();
      for (const std::string& key : core_.take_stops()) workers_.ask_to_stop(key);
      for (Work& work : core_.take_starts()) workers_.start(std::move(work));
      if (core_.has_group()) hand_over(core_.take_group());
      lock.lock();
      sleep(lock);
    }
  }

  // A clock of a test's is set as the test likes.
  void watch_clock() {
    if (!is_machines_) return;
    const Time shown = clock_.now();
    const auto passed = std::chrono::steady_clock::now();
    const Duration by = std::chrono::round<std::chrono::seconds>((shown - shown_) - (passed - passed_));
    shown_ = shown;
    passed_ = passed;
    if (by > -kClockWasSet && by < kClockWasSet) return;
    spdlog::warn("the clock was set {} by {}: what is under way keeps its time limits",
                 by < Duration{} ? "back" : "forward", human_duration(by < Duration{} ? -by : by));
    core_.clock_was_set(by);
  }

  // Until there is something to do: deep idle is one thread waiting without a limit.
  void sleep(std::unique_lock<std::mutex>& lock) {
    const bool room = core_.gathered() < kMostGathered;
    const auto any = [&] { return stopping_ || written_ || (room && !(inbox_.empty() && finished_.empty())); };
    if (const auto wake = core_.next_wake()) {
      wake_.wait_for(lock, std::clamp<Duration>(*wake - clock_.now(), Duration(0), kLongestSleep), any);
    } else {
      wake_.wait(lock, any);
    }
  }

  void settle(const Result<>& written) {
    if (written) return core_.committed();
    core_.commit_failed(written.error());
    if (written.error().kind != ErrorKind::conflict) return;
    // What was thought not to be written is: the ledger is right.
    if (auto loaded = core_.load(); !loaded) return spdlog::error("{}", loaded.error().message);
    published_.replace(core_.committed_stacks());
  }

  void hand_over(Group group) {
    {
      const std::lock_guard lock(group_mutex_);
      group_ = std::move(group);
    }
    group_wake_.notify_one();
  }

  // The thread that commits, then tells.
  void write() {
    for (;;) {
      std::optional<Group> group;
      {
        std::unique_lock lock(group_mutex_);
        group_wake_.wait(lock, [&] { return no_more_groups_ || group_; });
        group = std::exchange(group_, std::nullopt);
      }
      if (!group) return;
      const Result<std::int64_t> first = commit(*group);
      if (first)
        for (const Snapshot& snapshot : group->after) published_.publish(snapshot);
      {
        // Before any answer: what a caller then asks comes behind this.
        const std::lock_guard lock(mutex_);
        written_ = first ? Result<>() : fail(first.error());
      }
      wake_.notify_one();
      const std::int64_t events = group->events;
      group->answer(first);
      if (first && events > 0) announce(*first + events - 1);
    }
  }

  Result<std::int64_t> commit(const Group& group) {
    if (group.batches.empty()) return 0;
    Result<std::int64_t> first;
    try {
      first = ledger_->commit(group.batches);
    } catch (const std::exception& error) {
      first = fail(ErrorKind::internal, error.what());
    }
    if (!first) spdlog::error("a commit failed: {}", first.error().message);
    return first;
  }

  void announce(std::int64_t seq) {
    {
      const std::lock_guard lock(newest_mutex_);
      newest_ = seq;
    }
    newer_.notify_all();
    std::vector<std::function<void(std::int64_t)>> listeners;
    {
      const std::lock_guard lock(listeners_mutex_);
      listeners = listeners_;
    }
    for (const auto& listener : listeners) listener(seq);
  }

  const std::unique_ptr<Ledger> ledger_;
  secrets::Secrets& secrets_;
  const Clock& clock_;
  const bool is_machines_;
  Time shown_ = clock_.now();  // what the clock showed last, on the deciding thread
  std::chrono::steady_clock::time_point passed_ = std::chrono::steady_clock::now();
  std::mutex random_mutex_;
  Random& random_;
  Published published_;
  std::atomic<std::size_t> waiting_ = 0;

  std::mutex newest_mutex_;
  std::condition_variable newer_;
  std::int64_t newest_ = 0;
  std::mutex listeners_mutex_;
  std::vector<std::function<void(std::int64_t)>> listeners_;

  Core core_;  // the deciding thread's own

  std::mutex mutex_;  // of what comes to the deciding thread
  std::condition_variable wake_;
  std::deque<Request> inbox_;
  std::vector<Finished> finished_;
  std::optional<Result<>> written_;
  bool stopping_ = false;

  std::mutex group_mutex_;  // of what goes to the writing thread
  std::condition_variable group_wake_;
  std::optional<Group> group_;
  bool no_more_groups_ = false;

  Workers workers_;
  std::thread writer_, decider_;
};

}  // namespace

Result<std::unique_ptr<Conductor>> Conductor::start(store::Store& store, secrets::Secrets& secrets, World& world,
                                                    const Clock& clock, Random& random, Options options) {
  auto conductor = std::make_unique<Threaded>(store, secrets, world, clock, random, options);
  if (auto begun = conductor->begin(); !begun) return fail(begun.error());
  return conductor;
}

}  // namespace sluice::conductor
