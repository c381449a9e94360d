#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "conductor/conductor.h"
#include "conductor/dispatcher.h"
#include "conductor/ledger.h"

namespace sluice::conductor {

// Called once, with what became of a request; nothing is said before it is durable.
using Answer = std::function<void(Result<Outcome>)>;

struct Creation {
  pipeline::StackId id;  // new and random
  std::string name;
  pipeline::Source source;
  std::string first_stage;
  pipeline::StageConfig config;
};

struct Request {
  std::string stack_name;
  pipeline::StackId stack;  // where set, instead of the name
  pipeline::Command command;
  std::optional<SettingsEdit> edit;
  Remember remember;
  std::optional<Creation> creation;  // instead of a command; `command.actor` creates
  std::string work_key;              // of a step's result
  Answer answer;                     // may be empty
};

// What is written by one commit, and who is told afterwards.
struct Group {
  std::vector<store::Batch> batches;  // may be empty: answers that had to wait for the commit before
  std::vector<Snapshot> after;        // the newest state of each stack in it
  struct Reply {
    Answer answer;
    Result<Outcome> outcome;
    std::int64_t offset = 0;  // of its first event within the group
  };
  std::vector<Reply> replies;
  std::int64_t events = 0;

  // Tells everybody: with the seq of the group's first event, or that the commit failed.
  void answer(const Result<std::int64_t>& first_seq);
};

// The conductor without its threads: decides on tentative states, gathers what must be committed together, derives work
// from committed states only, keeps one timer a stack. The threaded conductor and the simulator drive the same one:
//
//   submit*, finished*, tick -> take_group -> (the ledger commits) -> committed or commit_failed -> take_starts,
//   take_stops
//
// At most one group is out at a time; the next gathers meanwhile. When a commit fails the tentative states are dropped
// for the committed ones, and everybody in or behind that group is told `unavailable`.
class Core {
 public:
  // All outlive it.
  Core(Ledger& ledger, secrets::Secrets& secrets, const Clock& clock, const Conductor::Options& options);
  // All stacks; what is due is listed. Again (only while nothing is gathered or out): what is in the ledger counts.
  Result<> load();

  // Decides now, or later when the command needs history that is not committed yet.
  void submit(Request request);
  // A piece of work ended with this result.
  void finished(const std::string& work_key, platform::Advance result);
  // Looks at everything timed that is due by now.
  void tick();
  [[nodiscard]] std::optional<Time> next_wake() const;
  // The clock shows another time, `by` later (negative: earlier), that did not pass. A stack in which a step's limit
  // runs goes on in the old time until no limit does, so that limits stay what they are (R9.4).
  void clock_was_set(Duration by);

  [[nodiscard]] bool has_group() const {
    return !flight_ && !(pending_.batches.empty() && pending_.replies.empty() && pending_keys_.empty());
  }
  [[nodiscard]] std::size_t gathered() const { return pending_.batches.size(); }
  Group take_group();  // only when has_group()
  // What became of the group that is out; its replies are given by the caller (Group::answer). An `unavailable` error's
  // words are passed on.
  void committed();
  void commit_failed(const Error& why = {ErrorKind::internal, "", {}});
  // Tells everybody who still waits that nothing happened; of no use afterwards.
  void abandon(const Error& error);

  // May gather: builds that wait for a slot, and no more, are told so (R9.4).
  std::vector<pipeline::Work> take_starts();
  std::vector<std::string> take_stops() { return dispatcher_.take_stops(); }

  [[nodiscard]] std::vector<Snapshot> committed_stacks() const;

 private:
  struct Entry {
    pipeline::StackId id;
    Snapshot committed;           // null: its creation is not committed
    Snapshot tentative;           // == committed when nothing is uncommitted
    std::size_t uncommitted = 0;  // batches, gathered or out
    std::deque<Request> parked;   // wait until nothing is uncommitted
    Duration ahead{};             // by how much the clock is, of the time that the stack goes by
    std::optional<Time> wake;
    std::optional<Time> ticked;              // the last Tick, which gave no events
    std::map<std::string, Time> not_before;  // pieces whose last result came to nothing
    Time not_written_until{};                // its last commit failed: nothing is said by itself before then
  };
  struct Flight {
    std::vector<Snapshot> after;
    std::map<pipeline::StackId, std::size_t> batches;
    std::vector<std::string> keys;
  };
  struct Decided {
    std::vector<pipeline::Event> events;
    std::vector<store::SettingsRow> settings;
  };

  // How long something that came to nothing is left alone before it is tried again.
  static constexpr Duration kPause = std::chrono::seconds(1);
  static pipeline::Actor machinery() { return {pipeline::ActorKind::system, "sluice", pipeline::Role::admin}; }

  Entry* find(const Request& request);
  void create(Request request);
  void decide(Entry& entry, Request request);
  Result<Decided> decided(const Entry& entry, Request& request);
  void gather(Entry& entry, Request request, Decided decided);
  void reply(Entry* entry, Request request, Result<Outcome> outcome);
  void settle(const std::vector<std::string>& keys, std::set<pipeline::StackId>& touched);
  void relist(Entry& entry);
  void set_wake(Entry& entry, std::optional<Time> wake);
  void drain(const pipeline::StackId& id);
  void erase(const pipeline::StackId& id);

  Ledger& ledger_;
  secrets::Secrets& secrets_;
  const Clock& clock_;
  pipeline::Limits limits_;
  Dispatcher dispatcher_;
  std::unordered_map<pipeline::StackId, Entry> entries_;
  std::unordered_map<std::string, pipeline::StackId> names_;
  std::unordered_map<std::string, pipeline::StackId> works_;  // keys of started pieces, until settled
  std::set<std::pair<Time, pipeline::StackId>> timers_;
  Group pending_;
  std::map<pipeline::StackId, std::size_t> pending_count_;
  std::vector<std::string> pending_keys_;
  std::optional<Flight> flight_;
};

}  // namespace sluice::conductor
