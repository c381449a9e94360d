#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "conductor/conductor.h"

// For this room's tests: a world that does as it is told, and a server of real parts in a folder that goes away.
namespace sluice::conductor {

constexpr auto kPatience = std::chrono::seconds(20);

class ScriptedWorld final : public World {
 public:
  // What a kind of work comes to; without a script it is done at once. Runs on the worker's thread.
  using Script = std::function<platform::Advance(const pipeline::Work&, std::stop_token)>;

  void on(pipeline::WorkKind kind, Script script) {
    const std::lock_guard lock(mutex_);
    scripts_[kind] = std::move(script);
  }
  platform::Advance advance(const pipeline::Work& work, std::stop_token stop) override {
    Script script;
    {
      const std::lock_guard lock(mutex_);
      began_.push_back(work);
      if (!running_.insert(work.key()).second) twice_ = true;
      most_builds_ = std::max(most_builds_, builds_ += work.kind == pipeline::WorkKind::build);
      const auto found = scripts_.find(work.kind);
      if (found != scripts_.end()) script = found->second;
    }
    changed_.notify_all();
    platform::Advance result = script ? script(work, stop) : well(work);
    {
      const std::lock_guard lock(mutex_);
      running_.erase(work.key());
      builds_ -= work.kind == pipeline::WorkKind::build;
      ended_.push_back(work);
    }
    changed_.notify_all();
    return result;
  }
  static platform::Advance well(const pipeline::Work& work) {
    platform::Done done;
    if (work.kind == pipeline::WorkKind::build) {
      done.artifact = "sha256-" + work.deployment.change.commit;
      done.built = true;
    }
    done.instances = work.instances;
    return done;
  }

  // True as soon as it holds; false when patience is over.
  bool wait(const std::function<bool(const ScriptedWorld&)>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return holds(*this); });
  }
  // Under the lock of wait() only.
  [[nodiscard]] bool is_running(pipeline::WorkKind kind) const { return count(kind) > 0; }
  [[nodiscard]] int count(pipeline::WorkKind kind) const {
    int out = 0;
    for (const pipeline::Work& work : began_) out += work.kind == kind;
    for (const pipeline::Work& work : ended_) out -= work.kind == kind;
    return out;
  }
  [[nodiscard]] int begun(pipeline::WorkKind kind) const {
    int out = 0;
    for (const pipeline::Work& work : began_) out += work.kind == kind;
    return out;
  }
  // Outside it.
  [[nodiscard]] bool ran_twice_at_once() const {
    const std::lock_guard lock(mutex_);
    return twice_;
  }
  [[nodiscard]] int most_builds() const {
    const std::lock_guard lock(mutex_);
    return most_builds_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<pipeline::WorkKind, Script> scripts_;
  std::vector<pipeline::Work> began_, ended_;
  std::set<std::string> running_;
  bool twice_ = false;
  int builds_ = 0, most_builds_ = 0;
};

// A door that scripts wait at until it is opened, or they are asked to stop.
class Door {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // False: asked to stop.
  bool pass(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
};

class ConductorTest : public testing::Test {
 protected:
  ConductorTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-conductor-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    store_ = std::move(store::Store::open(folder_).value());
    secrets_ = std::move(secrets::Secrets::open(folder_, *store_, random_).value());
  }
  ~ConductorTest() override {
    conductor_.reset();
    secrets_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void start(const Conductor::Options& options = {}) {
    conductor_ = std::move(Conductor::start(*store_, *secrets_, world_, clock_, random_, options).value());
  }
  void stop() { conductor_.reset(); }
  Result<Outcome> make(const std::string& stack, const pipeline::StageConfig& config = {}) {
    return conductor_->create_stack(stack, {}, "dev", config, ada_);
  }
  Result<Outcome> ask(const std::string& stack, pipeline::CommandBody body, std::optional<SettingsEdit> edit = {}) {
    return conductor_->submit(stack, pipeline::Command{ada_, std::move(body)}, std::move(edit));
  }
  Result<Outcome> push(const std::string& stack, char commit) {
    pipeline::CheckIn push;
    push.commit = std::string(40, commit);
    push.branch = "main";
    push.message = "a change";
    push.author = {"Ada", "ada@example.org"};
    return ask(stack, push);
  }
  static SettingsEdit sets(const std::string& name, const std::string& value) {
    return {[=](const secrets::Settings& now) -> Result<secrets::Settings> {
      secrets::Settings out = now;
      out.runtime[name] = {value, false};
      return out;
    }};
  }

  // Waits until a committed state holds.
  bool reaches(const std::string& stack, const std::function<bool(const pipeline::Stack&)>& holds) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    for (std::int64_t seq = 0;;) {
      const Snapshot now = conductor_->snapshot(stack);
      if (now && holds(*now)) return true;
      if (std::chrono::steady_clock::now() > limit) return false;
      seq = conductor_->wait_commit(seq, std::chrono::seconds(1));
    }
  }
  bool serves(const std::string& stack, pipeline::ChangeNumber change) {
    return reaches(stack, [&](const pipeline::Stack& now) {
      const pipeline::Stage& dev = now.stages.at(0);
      return dev.current && dev.current->change.number == change && !dev.active;
    });
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<secrets::Secrets> secrets_;
  ScriptedWorld world_;
  std::unique_ptr<Conductor> conductor_;
  const pipeline::Actor ada_{pipeline::ActorKind::user, "ada", pipeline::Role::admin};
};

}  // namespace sluice::conductor
