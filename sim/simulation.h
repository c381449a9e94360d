#pragma once
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chance.h"
#include "conductor/core.h"
#include "memory.h"
#include "model.h"
#include "null_platform.h"
#include "people.h"

namespace sluice::sim {

struct Settings {
  std::uint64_t seed = 1;
  int steps = 2500;
  bool sqlite = false;  // the real store in a temporary folder instead of memory
  bool verbose = false;
};

// One seeded life of a server: the real core and the real rules in one thread under a fake clock, in a world that
// delays, fails, repeats, answers late and crashes between any two effects; then a world without faults, which must
// come to rest.
class Simulation {
 public:
  explicit Simulation(const Settings& settings);
  ~Simulation();
  void run();  // throws Violation
  [[nodiscard]] int step() const { return step_; }
  [[nodiscard]] const std::deque<std::string>& trace() const { return trace_; }
  [[nodiscard]] std::size_t successes() const { return model_.successes(); }
  [[nodiscard]] std::size_t events() const { return events_.size(); }

 private:
  // A step on its way: first its effect, if it comes to that, then its end.
  struct Job {
    pipeline::Work work;
    std::string key;
    bool stop = false;
    bool acted = false;
    enum class Fate { well, fails_before, fails_after, hangs, far, dies } fate = Fate::well;
    Result<platform::Done> done = platform::Done{};
  };
  // An operation at a far platform, or of a server that has died: it happens when it happens.
  struct Far {
    pipeline::Work work;
    bool happened = false;
    Result<platform::Done> done = platform::Done{};
  };

  // Of a thousand steps how many are each (what is left goes to work and commits); faults: of a hundred pieces of work.
  struct Habits {
    std::size_t people = 0, time = 0, repeats = 0, crashes = 0, faults = 0;
  };
  static Habits habits_of(Chance& chance);
  void boot();
  void crash();
  void one_step();
  void somebody_asks();
  void take_and_commit();
  void commit_out();
  [[nodiscard]] bool is_under_way(const pipeline::Work& work) const;
  void advance(std::size_t index);
  void end(std::size_t index, platform::Advance result);
  void happen(Far& far);
  void repeat_a_result();
  void start_and_stop();
  void come_to_rest();
  void rest();
  void check();
  void replay() const;
  Job::Fate fate_of(const pipeline::Work& work);
  Result<platform::Done> act(const pipeline::Work& work, bool late);
  void go_on_at_once(const pipeline::Work& work, platform::Done& done);
  std::string built(const pipeline::Work& work);
  void note(const std::string& line);
  void submit(conductor::Request request);
  void observe(const conductor::Group& group);
  void observe_settings(const pipeline::Stack& stack, const pipeline::Event& event);
  secrets::Settings settings_at(const pipeline::StageId& stage, pipeline::Revision revision);

  const Settings settings_;
  Chance chance_;
  FakeClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<conductor::Ledger> ledger_;
  std::unique_ptr<PlainSecrets> secrets_;
  NullPlatform platform_;
  Model model_;
  People people_;
  const Habits habits_;

  // What dies with the server.
  std::optional<conductor::Core> core_;
  std::optional<conductor::Group> out_;
  std::vector<Job> jobs_;
  std::map<pipeline::StackId, conductor::Snapshot> seen_;  // as readers see them

  std::map<std::string, Far> far_;  // by token
  std::vector<std::pair<pipeline::StackId, pipeline::Command>> results_;
  std::map<pipeline::StackId, std::vector<pipeline::Event>> history_;
  std::map<pipeline::StackId, pipeline::Stack> committed_;
  std::vector<std::pair<pipeline::StackId, std::size_t>> events_;  // by seq
  std::map<pipeline::StackId, std::int64_t> acknowledged_;         // versions
  std::set<std::string> refused_, checked_in_;                     // commits
  std::deque<std::string> trace_;
  int step_ = 0;
  int tokens_ = 0;
  bool calm_ = false;  // no faults any more
};

}  // namespace sluice::sim
