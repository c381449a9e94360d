#include "simulation.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>

#include "base/codec.h"
#include "base/digest.h"
#include "conductor/results.h"
#include "conductor/revisions.h"

namespace sluice::sim {

using namespace pipeline;
using conductor::Group;
using conductor::Outcome;
using conductor::Request;

namespace {

constexpr std::size_t kTraced = 60;
constexpr int kRestLimit = 20'000;

const Error kDiskFull{ErrorKind::unavailable, "the disk is full", {}};

// Some commits are bad wherever they go, always in the same step.
bool is_bad(const Work& work) {
  if (work.deployment.change.commit.empty() || work.deployment.change.commit[0] != '0') return false;
  const char step = work.deployment.change.commit[1];
  if (step < '6') return work.kind == WorkKind::build && !work.deployment.artifact_fixed;
  if (step < 'b') return work.kind == WorkKind::start;
  return work.kind == WorkKind::verify;
}

}  // namespace

Simulation::Simulation(const Settings& settings)
    : settings_(settings),
      chance_(settings.seed),
      platform_([this](const Work& work) { return built(work); }),
      people_(chance_),
      habits_(habits_of(chance_)) {
  if (settings.sqlite) {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-sim-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "no temporary folder can be made");
    folder_ = name;
  } else {
    auto memory = std::make_unique<MemoryLedger>();
    secrets_ = std::make_unique<PlainSecrets>(
        [ledger = memory.get()](const StageId& stage, Revision revision) { return ledger->settings(stage, revision); });
    ledger_ = std::move(memory);
  }
}

Simulation::~Simulation() {
  core_.reset();
  ledger_.reset();
  store_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void Simulation::run() {
  boot();
  for (step_ = 1; step_ <= settings_.steps; ++step_) {
    one_step();
    check();
  }
  come_to_rest();
  replay();
}

void Simulation::boot() {
  if (settings_.sqlite) {
    core_.reset();
    ledger_.reset();
    store_.reset();
    auto opened = store::Store::open(folder_);
    require(opened.has_value(), "the store does not open" + (opened ? "" : ": " + opened.error().message));
    store_ = std::move(*opened);
    ledger_ = conductor::ledger_of(*store_);
    secrets_ = std::make_unique<PlainSecrets>(
        [this](const StageId& stage, Revision revision) { return store_->settings(stage, revision); });
  }
  conductor::Conductor::Options options;
  options.builds = 2;
  options.workers = 4;
  core_.emplace(*ledger_, *secrets_, clock_, options);
  const auto loaded = core_->load();
  require(loaded.has_value(), "the stacks do not load" + (loaded ? "" : ": " + loaded.error().message));
  seen_.clear();
  for (const conductor::Snapshot& snapshot : core_->committed_stacks()) {
    seen_[snapshot->id] = snapshot;
    const auto known = committed_.find(snapshot->id);
    require(known != committed_.end() && known->second == *snapshot, "a stack is not as it was committed (R9.1)");
  }
  for (const auto& [id, version] : acknowledged_) {
    const auto known = seen_.find(id);
    if (known == seen_.end()) {
      require(committed_.at(id).gone, "an acknowledged stack is lost (R9.1)");
    } else {
      require(known->second->version >= version, "something acknowledged is lost (R9.1)");
    }
  }
  core_->tick();
  start_and_stop();
}

void Simulation::crash() {
  note("-- the server dies");
  if (out_ && chance_.percent(50)) {
    // Between the commit and everything that follows from it.
    const auto first = ledger_->commit(out_->batches);
    if (first) observe(*out_);
    note("   after the commit");
  }
  out_.reset();
  core_.reset();
  for (Job& job : jobs_) {
    // What it had begun may still come to happen; adjusting something is at once or never.
    if (job.acted || job.work.kind == WorkKind::scale || !chance_.percent(40)) continue;
    far_[fmt::format("late-{}", ++tokens_)] = Far{job.work, false, platform::Done{}};
  }
  jobs_.clear();
  boot();
}

// Lives differ: some are busy, some are quiet, some are spared by fortune. So both deep and crowded states are met.
Simulation::Habits Simulation::habits_of(Chance& chance) {
  Habits habits;
  habits.people = chance.pick(std::vector<std::size_t>{10, 30, 80, 250});
  habits.time = chance.pick(std::vector<std::size_t>{10, 40, 120});
  habits.repeats = chance.pick(std::vector<std::size_t>{0, 10, 40});
  habits.crashes = chance.pick(std::vector<std::size_t>{0, 4, 15, 40});
  habits.faults = chance.pick(std::vector<std::size_t>{0, 20, 100});
  return habits;
}

void Simulation::one_step() {
  std::size_t roll = chance_.below(1000);
  const auto is = [&](std::size_t share) {
    if (roll < share) return true;
    roll -= share;
    return false;
  };
  if (is(habits_.people)) {
    somebody_asks();
  } else if (is(habits_.time)) {
    const bool long_one = chance_.percent(5);
    clock_.pass(std::chrono::seconds(long_one ? 1500 : 1 + chance_.below(20)));
    note(long_one ? "-- 25 minutes pass" : "-- seconds pass");
    core_->tick();
  } else if (is(habits_.repeats)) {
    repeat_a_result();
  } else if (is(habits_.crashes)) {
    crash();
  } else if (is(50)) {
    if (!far_.empty()) happen(std::next(far_.begin(), static_cast<long>(chance_.below(far_.size())))->second);
  } else if (chance_.percent(40) || jobs_.empty()) {
    take_and_commit();
  } else {
    advance(chance_.below(jobs_.size()));
  }
  start_and_stop();
}

void Simulation::submit(Request request) {
  const std::string words = words_of(request);
  note(words);
  const auto* push = std::get_if<CheckIn>(&request.command.body);
  const std::string commit = push && !request.creation ? push->commit : "";
  const bool again = checked_in_.contains(commit);
  request.answer = [this, words, commit, again](Result<Outcome> outcome) {
    if (!outcome) {
      require(outcome.error().kind != ErrorKind::internal, words + ": " + outcome.error().message);
      if (!commit.empty() && !again) refused_.insert(commit);
      return note("   " + words + ": refused: " + outcome.error().message);
    }
    if (!outcome->stack) return;
    const StackId& id = outcome->stack->id;
    require(committed_.contains(id) && committed_.at(id).version >= outcome->stack->version,
            words + ": was answered before it was durable (R9.1)");
    std::int64_t& version = acknowledged_[id];
    version = std::max(version, outcome->stack->version);
    if (outcome->events.empty()) return note("   " + words + ": nothing to do");
    const auto first = static_cast<std::size_t>(outcome->first_seq);
    for (std::size_t i = 0; i < outcome->events.size(); ++i) {
      require(first >= 1 && first - 1 + i < events_.size(), words + ": its events have no seqs");
      const auto& [stack, index] = events_[first - 1 + i];
      require(stack == id && history_.at(stack).at(index).body.index() == outcome->events[i].body.index(),
              words + ": other events are stored under its seqs");
    }
    note("   " + words + ": done");
  };
  core_->submit(std::move(request));
}

void Simulation::somebody_asks() {
  std::vector<conductor::Snapshot> stacks;
  for (const auto& [id, snapshot] : seen_) stacks.push_back(snapshot);
  submit(people_.next(stacks, stacks.size() < 3));
}

void Simulation::take_and_commit() {
  if (out_) return commit_out();
  if (!core_->has_group()) return;
  out_ = core_->take_group();
  if (chance_.percent(70)) commit_out();
}

void Simulation::commit_out() {
  Group group = *std::exchange(out_, std::nullopt);
  if (!calm_ && !group.batches.empty() && chance_.below(100) < habits_.faults / 20) {
    note("-- a commit fails");
    core_->commit_failed();
    group.answer(fail(kDiskFull));
    return;
  }
  Result<std::int64_t> first = 0;
  if (!group.batches.empty()) {
    first = ledger_->commit(group.batches);
    require(first.has_value(), "the ledger refused a commit" + (first ? "" : ": " + first.error().message));
    require(*first == static_cast<std::int64_t>(events_.size()) + 1, "seqs have a gap");
  }
  observe(group);
  for (const conductor::Snapshot& snapshot : group.after) {
    if (snapshot->gone) {
      seen_.erase(snapshot->id);
    } else {
      seen_[snapshot->id] = snapshot;
    }
  }
  group.answer(first);
  core_->committed();
}

void Simulation::observe(const Group& group) {
  for (const store::Batch& batch : group.batches) {
    for (const Event& event : batch.events) {
      note("   * " + boost::json::serialize(codec::write(event)));
      history_[batch.stack.id].push_back(event);
      events_.emplace_back(batch.stack.id, history_[batch.stack.id].size() - 1);
      if (const auto* e = std::get_if<CheckedIn>(&event.body)) checked_in_.insert(e->change.commit);
      model_.observe(batch.stack.id, event);
    }
    committed_[batch.stack.id] = batch.stack;
    model_.compare(batch.stack);
    for (const Event& event : batch.events) observe_settings(batch.stack, event);
  }
}

secrets::Settings Simulation::settings_at(const StageId& stage, Revision revision) {
  auto settings = secrets_->read(stage, revision);
  require(settings.has_value(), "a settings revision is not kept (R7.3)");
  return std::move(*settings);
}

// Every revision that an event makes has its row, and the right one.
void Simulation::observe_settings(const Stack& stack, const Event& event) {
  if (const auto* added = std::get_if<StageAdded>(&event.body)) {
    const secrets::Settings made = settings_at(added->stage, 1);
    if (added->copied_from.empty()) return;
    const Stage* from = find_stage(stack, added->copied_from);
    if (from == nullptr) return;
    const secrets::Settings copied = settings_at(from->id, from->settings_revision);
    require(made.build == copied.build && made.runtime == copied.runtime, "variables were not copied (R5.4)");
  }
  if (const auto* saved = std::get_if<SettingsSaved>(&event.body)) {
    const auto names = conductor::changed_names(settings_at(saved->stage, saved->revision - 1),
                                                settings_at(saved->stage, saved->revision));
    require(!names.empty() && names == saved->names, "a revision does not hold what was saved (R7.2)");
  }
  if (const auto* adopted = std::get_if<SettingsAdopted>(&event.body)) {
    const auto names = conductor::changed_names(settings_at(adopted->stage, adopted->from),
                                                settings_at(adopted->stage, adopted->revision));
    require(names.empty(), "a rollback adopted other settings than those of then (R8.3)");
  }
}

void Simulation::start_and_stop() {
  for (const std::string& key : core_->take_stops())
    for (Job& job : jobs_)
      if (job.key == key) {
        job.stop = true;
        note("   stop " + key);
      }
  for (Work& work : core_->take_starts()) {
    Job job;
    job.key = work.key();
    job.fate = fate_of(work);
    job.work = std::move(work);
    note("   start " + job.key);
    for (const Job& other : jobs_) {
      require(other.key != job.key, "the same piece runs twice at once (R9.1)");
      const auto locks = [](const Job& it) { return !it.work.deployment.id.empty(); };
      require(!(locks(other) && locks(job) && other.work.stage == job.work.stage),
              "two steps of one stage run at once (R3.5, R8.1)");
    }
    jobs_.push_back(std::move(job));
  }
}

Simulation::Job::Fate Simulation::fate_of(const Work& work) {
  using Fate = Job::Fate;
  if (is_bad(work)) return Fate::fails_before;
  if (calm_ || chance_.below(100) >= habits_.faults) return Fate::well;
  const std::size_t roll = chance_.below(100);
  if (roll < 6) return Fate::fails_before;
  if (roll < 10) return Fate::fails_after;
  if (roll < 13) return Fate::hangs;
  if (roll < 25 && work.kind != WorkKind::scale) return Fate::far;
  if (roll < 26) return Fate::dies;
  return Fate::well;
}

Result<platform::Done> Simulation::act(const Work& work, bool late) {
  const auto done = platform_.act(work, late);
  note(fmt::format("   {}{} {}: {}", late ? "late " : "", codec::enum_name(work.kind), work.key(),
                   done ? "happened" : done.error().message));
  return done;
}

// The token may also be that of the step which a discard breaks off, or of one that has failed: then it begins anew.
bool Simulation::is_under_way(const Work& work) const {
  const auto far = work.token ? far_.find(*work.token) : far_.end();
  if (far == far_.end() || far->second.work.key() != work.key()) return false;
  return !far->second.happened || far->second.done || work.kind != WorkKind::discard;
}

void Simulation::advance(std::size_t index) {
  using Fate = Job::Fate;
  Job& job = jobs_[index];
  const bool over = job.stop || clock_.now() >= job.work.deadline;
  if (job.fate == Fate::hangs && !over && !calm_) return;
  if (is_under_way(job.work)) {
    Far& far = far_.at(*job.work.token);
    if (calm_) happen(far);
    if (!far.happened) return end(index, platform::NotYet{job.work.token, "still at it", std::chrono::seconds(5)});
    if (!far.done) return end(index, far.done.error());
    return end(index, *far.done);
  }
  if (!job.acted && job.fate != Fate::fails_before && job.fate != Fate::hangs && job.fate != Fate::far &&
      job.fate != Fate::dies && !(job.stop && chance_.percent(50))) {
    job.done = act(job.work, false);
    job.acted = true;
    if (chance_.percent(50)) return;  // done, but its answer takes its time
  }
  if (job.fate == Fate::far && !job.stop) {
    const std::string token = fmt::format("far-{}", ++tokens_);
    far_[token] = Far{job.work, false, platform::Done{}};
    return end(index, platform::NotYet{token, "begun", std::chrono::seconds(chance_.below(10))});
  }
  if (!job.acted || job.fate == Fate::fails_after)
    return end(index, Error{ErrorKind::failed, job.stop ? "stopped" : "it went wrong", {}});
  if (!job.done) return end(index, job.done.error());
  end(index, *job.done);
}

void Simulation::end(std::size_t index, platform::Advance result) {
  const Job job = std::move(jobs_[index]);
  jobs_.erase(jobs_.begin() + static_cast<long>(index));
  note(fmt::format("   ended {}: {}", job.key,
                   result.index() == 0   ? "done"
                   : result.index() == 1 ? std::get<Error>(result).message
                                         : "not yet"));
  if (auto* done = std::get_if<platform::Done>(&result)) go_on_at_once(job.work, *done);
  // A scaling has no number of its own, so a repeated result of it could be taken for another's.
  if (job.work.kind != WorkKind::scale) {
    for (auto& command : conductor::commands_of(job.work, result))
      results_.emplace_back(job.work.stack, std::move(command));
  }
  core_->finished(job.key, std::move(result));
}

// Steps that take no time are done in the same turn as the one before them.
void Simulation::go_on_at_once(const Work& work, platform::Done& done) {
  for (auto next = conductor::step_after(work); next && chance_.percent(40); next = conductor::step_after(*next)) {
    if (next->kind == WorkKind::start || next->kind == WorkKind::switch_over) return;
    if (!done.artifact.empty()) next->deployment.artifact = done.artifact;
    if (is_bad(*next) || !act(*next, false)) return;
    done.through = next->kind;
  }
}

void Simulation::happen(Far& far) {
  if (far.happened) return;
  far.happened = true;
  far.done = act(far.work, true);
}

// A result is told again, however old it is (R9.3).
void Simulation::repeat_a_result() {
  if (results_.empty()) return;
  Request request;
  std::tie(request.stack, request.command) = chance_.pick(results_);
  submit(std::move(request));
}

void Simulation::check() {
  for (const auto& [id, stack] : committed_)
    if (!stack.gone) model_.serving(stack, platform_);
  for (const std::string& commit : refused_)
    require(!checked_in_.contains(commit), "a check-in that was refused is there all the same");
}

std::string Simulation::built(const Work& work) {
  const secrets::Settings settings = settings_at(work.stage, work.deployment.settings_revision);
  std::string inputs = work.deployment.change.commit;
  for (const auto& [name, variable] : settings.build) inputs += fmt::format(" {}={}", name, variable.value);
  return "sha256-" + sha256_hex(inputs);
}

void Simulation::come_to_rest() {
  note("-- no more faults");
  calm_ = true;
  for (auto& [token, far] : far_)
    if (chance_.percent(50)) happen(far);
  rest();
  // What was held or waited at a closed gate is let in, and it rests again.
  note("-- all gates open");
  for (const auto& [id, stack] : std::map(committed_)) {
    for (const Stage& stage : stack.stages) {
      if (!stage.paused) continue;
      Request request;
      request.stack_name = stack.name;
      request.command = Command{Actor{ActorKind::user, "ada", Role::admin}, Resume{stage.name}};
      submit(std::move(request));
    }
  }
  rest();
}

void Simulation::rest() {
  for (int turn = 0;; ++turn) {
    require(turn < kRestLimit, "it never comes to rest");
    if (out_ || core_->has_group()) {
      take_and_commit();
    } else if (!jobs_.empty()) {
      advance(chance_.below(jobs_.size()));
    } else if (const auto wake = core_->next_wake()) {
      clock_.go_to(*wake);
      core_->tick();
    } else {
      break;
    }
    start_and_stop();
    check();
  }
  for (const auto& [id, stack] : committed_) stack.gone ? model_.gone(id, platform_) : model_.at_rest(stack, platform_);
}

// State is what the events made of nothing.
void Simulation::replay() const {
  for (const auto& [id, stack] : committed_) {
    Stack replayed;
    for (const Event& event : history_.at(id)) replayed = apply(std::move(replayed), event);
    require(replayed == stack, "replaying the events of " + stack.name + " gives another state");
  }
}

void Simulation::note(const std::string& line) {
  std::string text = fmt::format("[{}] {}", step_, line.substr(0, 400));
  if (settings_.verbose) std::puts(text.c_str());
  trace_.push_back(std::move(text));
  if (trace_.size() > kTraced) trace_.pop_front();
}

}  // namespace sluice::sim
