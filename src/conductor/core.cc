#include "conductor/core.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "conductor/precedents.h"
#include "conductor/results.h"
#include "conductor/revisions.h"

namespace sluice::conductor {
namespace {

using namespace pipeline;

// A store that cannot be written says why, and what to do.
Error not_written(const Error& why) {
  if (why.kind == ErrorKind::unavailable && !why.message.empty())
    return Error{ErrorKind::unavailable, "Nothing happened: " + why.message + ".", {}};
  return Error{ErrorKind::unavailable,
               "The server could not write its database, so nothing happened; try again; the server's log "
               "says why.",
               {}};
}

Error no_stack(const std::string& name) {
  return Error{
      ErrorKind::not_found, "There is no stack named " + name + "; `sluice stack list` shows those there are.", {}};
}

// What a lookup throws (the database cannot be read) refuses the command; the thread that owns all stacks goes on.
template <class Decide>
auto guarded(const std::string& stack, const Decide& decide) -> decltype(decide()) {
  try {
    return decide();
  } catch (const std::exception& error) {
    spdlog::error("deciding a command of stack {}: {}", stack, error.what());
    return fail(ErrorKind::unavailable,
                "The server could not read what it must know to decide this; nothing happened, and its log says why.");
  }
}

Stack applied(Stack stack, const std::vector<Event>& events) {
  for (const Event& event : events) stack = apply(std::move(stack), event);
  return stack;
}

}  // namespace

void Group::answer(const Result<std::int64_t>& first_seq) {
  for (Reply& reply : replies) {
    if (!first_seq) {
      reply.answer(fail(not_written(first_seq.error())));
      continue;
    }
    if (reply.outcome && !reply.outcome->events.empty()) reply.outcome->first_seq = *first_seq + reply.offset;
    reply.answer(std::move(reply.outcome));
  }
  replies.clear();
}

Core::Core(Ledger& ledger, secrets::Secrets& secrets, const Clock& clock, const Conductor::Options& options)
    : ledger_(ledger),
      secrets_(secrets),
      clock_(clock),
      limits_(options.limits),
      dispatcher_(options.builds, options.workers) {}

Result<> Core::load() {
  auto stacks = ledger_.load();
  if (!stacks) return fail(stacks.error().while_("reading the stacks"));
  std::set<StackId> there;
  for (Stack& stack : *stacks) {
    const StackId id = stack.id;
    Entry& entry = entries_[id];
    entry.id = id;
    entry.committed = entry.tentative = std::make_shared<const Stack>(std::move(stack));
    names_[entry.committed->name] = id;
    entry.ticked.reset();
    there.insert(id);
    relist(entry);
  }
  std::vector<StackId> missing;
  for (const auto& [id, entry] : entries_)
    if (!there.contains(id)) missing.push_back(id);
  for (const StackId& id : missing) erase(id);
  return {};
}

Core::Entry* Core::find(const Request& request) {
  StackId id = request.stack;
  if (id.empty()) {
    const auto named = names_.find(request.stack_name);
    if (named == names_.end()) return nullptr;
    id = named->second;
  }
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

void Core::submit(Request request) {
  if (request.creation) return create(std::move(request));
  Entry* entry = find(request);
  if (!entry) {
    const std::string name = request.stack_name.empty() ? request.stack.value : request.stack_name;
    return reply(nullptr, std::move(request), fail(no_stack(name)));
  }
  const bool waits = entry->uncommitted > 0 && needs_history(*entry->tentative, request.command);
  if (!entry->parked.empty() || waits) return entry->parked.push_back(std::move(request));
  decide(*entry, std::move(request));
}

void Core::create(Request request) {
  const Creation creation = *request.creation;
  const auto named = names_.find(creation.name);
  if (named != names_.end()) {
    Entry& holder = entries_.at(named->second);
    // The name is free as soon as the holder's end is committed.
    if (holder.tentative->gone) return holder.parked.push_back(std::move(request));
    Error taken{ErrorKind::conflict, "There is already a stack named " + creation.name + "; choose another name.", {}};
    taken.fields.push_back({"name", "is taken"});
    return reply(&holder, std::move(request), fail(std::move(taken)));
  }
  if (entries_.contains(creation.id))
    return reply(nullptr, std::move(request), fail(ErrorKind::unavailable, "The new stack's id is taken; try again."));
  Result<Decided> result = guarded(creation.name, [&]() -> Result<Decided> {
    auto events = pipeline::create(creation.id, creation.name, creation.source, creation.first_stage, creation.config,
                                   request.command.actor, clock_.now());
    if (!events) return fail(events.error());
    auto rows = revision_rows(secrets_, Stack{}, *events, std::nullopt, request.edit);
    if (!rows) return fail(rows.error());
    return Decided{std::move(*events), std::move(*rows)};
  });
  if (!result) return reply(nullptr, std::move(request), fail(result.error()));
  Entry& entry = entries_[creation.id];
  entry.id = creation.id;
  entry.tentative = std::make_shared<const Stack>();
  names_[creation.name] = creation.id;
  gather(entry, std::move(request), std::move(*result));
}

void Core::decide(Entry& entry, Request request) {
  Result<Decided> result = guarded(entry.tentative->name, [&] { return decided(entry, request); });
  const bool to_nothing = !result || result->events.empty();
  if (to_nothing && !request.work_key.empty()) entry.not_before[request.work_key] = clock_.now() + kPause;
  if (!result) {
    if (!request.work_key.empty())
      spdlog::error("the result of {} was refused: {}", request.work_key, result.error().message);
    return reply(&entry, std::move(request), fail(result.error()));
  }
  if (result->events.empty()) {
    return reply(&entry, std::move(request), Outcome{entry.tentative, {}, 0});
  }
  gather(entry, std::move(request), std::move(*result));
}

Result<Core::Decided> Core::decided(const Entry& entry, Request& request) {
  const Stack& stack = *entry.tentative;
  if (stack.gone) return fail(no_stack(stack.name));
  Command& command = request.command;
  attach_precedents(ledger_, secrets_, stack, command);

  std::optional<secrets::Settings> saved;
  if (auto* save = std::get_if<SaveSettings>(&command.body)) {
    if (!request.edit) return fail(ErrorKind::internal, "Settings were to be saved, but none came with the command.");
    if (auto allowed = may(stack, command); !allowed) return fail(allowed.error());
    if (const Stage* stage = find_stage(stack, save->stage)) {
      auto before = secrets_.read(stage->id, stage->settings_revision);
      if (!before) return fail(before.error().while_("reading the settings of " + stage->name));
      auto after = request.edit->edit(*before);
      if (!after) return fail(after.error());
      save->names = changed_names(*before, *after);
      if (save->names.empty()) return Decided{};
      saved = std::move(*after);
    }
  } else if (request.edit && !std::holds_alternative<AddStage>(command.body) &&
             !std::holds_alternative<SetStage>(command.body)) {
    return fail(ErrorKind::internal, "This command carries no settings.");
  }

  auto events = pipeline::decide(stack, command, clock_.now() - entry.ahead, limits_);
  if (!events) return fail(events.error());
  auto rows = revision_rows(secrets_, stack, *events, saved, request.edit);
  if (!rows) return fail(rows.error());
  return Decided{std::move(*events), std::move(*rows)};
}

void Core::gather(Entry& entry, Request request, Decided decided) {
  store::Batch batch;
  batch.expected_version = entry.tentative->version;
  batch.stack = applied(*entry.tentative, decided.events);
  batch.settings = std::move(decided.settings);
  entry.tentative = std::make_shared<const Stack>(batch.stack);
  entry.uncommitted++;
  pending_count_[entry.id]++;
  set_wake(entry, std::nullopt);  // listed anew once this is committed

  Outcome outcome{entry.tentative, {}, 0};
  if (request.remember || request.answer) outcome.events = decided.events;
  if (request.remember)
    if (auto row = request.remember(outcome)) batch.idempotency.push_back(std::move(*row));
  const std::int64_t offset = pending_.events;
  pending_.events += static_cast<std::int64_t>(decided.events.size());
  batch.events = std::move(decided.events);
  pending_.batches.push_back(std::move(batch));
  if (request.answer) pending_.replies.push_back({std::move(request.answer), std::move(outcome), offset});
  if (!request.work_key.empty()) pending_keys_.push_back(std::move(request.work_key));
}

// Said on the strength of a state that is not committed, it waits for that state's commit.
void Core::reply(Entry* entry, Request request, Result<Outcome> outcome) {
  if (entry && entry->uncommitted > 0) {
    if (request.answer) pending_.replies.push_back({std::move(request.answer), std::move(outcome), 0});
    if (!request.work_key.empty()) pending_keys_.push_back(std::move(request.work_key));
    return;
  }
  if (request.answer) request.answer(std::move(outcome));
  if (request.work_key.empty()) return;
  std::set<StackId> touched;
  settle({request.work_key}, touched);
  if (entry && entry->committed) relist(*entry);
}

void Core::settle(const std::vector<std::string>& keys, std::set<StackId>& touched) {
  for (const std::string& key : keys) {
    dispatcher_.settled(key);
    const auto work = works_.find(key);
    if (work == works_.end()) continue;
    touched.insert(work->second);
    works_.erase(work);
  }
}

void Core::finished(const std::string& work_key, platform::Advance result) {
  const auto ended = dispatcher_.ended(work_key);
  if (!ended) return;
  works_[work_key] = ended->work.stack;
  // One that was stopped tells nothing by failing: it may be wanted again by now.
  const bool tells = !(ended->stop_asked && std::holds_alternative<Error>(result));
  if (tells && entries_.contains(ended->work.stack)) {
    auto commands = commands_of(ended->work, result);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      Request request;
      request.stack = ended->work.stack;
      request.command = std::move(commands[i]);
      if (i == 0) request.work_key = work_key;
      submit(std::move(request));
    }
    return;
  }
  std::set<StackId> touched;
  settle({work_key}, touched);
  const auto entry = entries_.find(ended->work.stack);
  if (entry != entries_.end() && entry->second.committed) relist(entry->second);
}

std::vector<Work> Core::take_starts() {
  std::vector<Work> out = dispatcher_.take_starts();
  const Time now = clock_.now();
  for (Work& work : out)
    if (is_in_line(work)) work.deadline = now + limits_.build;
  for (const auto& [work, over] : dispatcher_.take_unsaid()) {
    const auto entry = entries_.find(work.stack);
    if (entry == entries_.end() || entry->second.not_written_until > now) continue;  // listed again by then
    Request request;
    request.stack = work.stack;
    request.command = Command{machinery(), in_line(work, dispatcher_.build_slots(), over)};
    submit(std::move(request));
  }
  return out;
}

Group Core::take_group() {
  assert(has_group());
  Flight flight;
  flight.batches = std::exchange(pending_count_, {});
  flight.keys = std::exchange(pending_keys_, {});
  for (const auto& [id, count] : flight.batches) flight.after.push_back(entries_.at(id).tentative);
  Group out = std::exchange(pending_, {});
  out.after = flight.after;
  flight_ = std::move(flight);
  return out;
}

void Core::committed() {
  assert(flight_);
  const Flight flight = *std::exchange(flight_, std::nullopt);
  std::set<StackId> touched;
  settle(flight.keys, touched);
  for (const Snapshot& after : flight.after) {
    Entry& entry = entries_.at(after->id);
    entry.committed = after;
    entry.uncommitted -= flight.batches.at(after->id);
    touched.insert(after->id);
  }
  for (const StackId& id : touched) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || !found->second.committed) continue;
    if (found->second.committed->gone && found->second.uncommitted == 0) {
      erase(id);
      continue;
    }
    relist(found->second);
    drain(id);
  }
}

void Core::drain(const StackId& id) {
  for (;;) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.parked.empty()) return;
    Entry& entry = found->second;
    Request& next = entry.parked.front();
    if (entry.uncommitted > 0 && (next.creation || needs_history(*entry.tentative, next.command))) return;
    Request request = std::move(next);
    entry.parked.pop_front();
    if (request.creation) {
      create(std::move(request));
    } else {
      decide(entry, std::move(request));
    }
  }
}

void Core::erase(const StackId& id) {
  Entry& entry = entries_.at(id);
  std::deque<Request> parked = std::move(entry.parked);
  set_wake(entry, std::nullopt);
  dispatcher_.list(id, {});
  const auto named = names_.find(entry.tentative->name);
  if (named != names_.end() && named->second == id) names_.erase(named);
  entries_.erase(id);
  for (Request& request : parked) submit(std::move(request));
}

void Core::commit_failed(const Error& why) {
  assert(flight_);
  const Flight flight = *std::exchange(flight_, std::nullopt);
  Group behind = std::exchange(pending_, {});
  std::vector<std::string> keys = flight.keys;
  for (std::string& key : std::exchange(pending_keys_, {})) keys.push_back(std::move(key));
  std::set<StackId> touched;
  for (const auto& [id, count] : flight.batches) touched.insert(id);
  for (const auto& [id, count] : std::exchange(pending_count_, {})) touched.insert(id);

  std::vector<Answer> refused;
  const Time again = clock_.now() + kPause;
  for (const StackId& id : touched) {
    Entry& entry = entries_.at(id);
    for (Request& request : std::exchange(entry.parked, {})) {
      if (request.answer) refused.push_back(std::move(request.answer));
      if (!request.work_key.empty()) keys.push_back(std::move(request.work_key));
    }
    if (!entry.committed) {
      erase(id);
      continue;
    }
    entry.tentative = entry.committed;
    entry.uncommitted = 0;
    entry.not_written_until = again;
  }
  for (const std::string& key : keys) {
    const auto work = works_.find(key);
    if (work == works_.end()) continue;
    const auto entry = entries_.find(work->second);
    if (entry != entries_.end()) entry->second.not_before[key] = again;
  }
  settle(keys, touched);
  for (const StackId& id : touched) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    found->second.ticked = clock_.now();
    relist(found->second);
  }
  behind.answer(fail(why));
  for (const Answer& answer : refused) answer(fail(not_written(why)));
}

void Core::abandon(const Error& error) {
  std::vector<Answer> waiting;
  for (Group::Reply& reply : std::exchange(pending_, {}).replies) waiting.push_back(std::move(reply.answer));
  for (auto& [id, entry] : entries_)
    for (Request& request : std::exchange(entry.parked, {}))
      if (request.answer) waiting.push_back(std::move(request.answer));
  for (const Answer& answer : waiting) answer(fail(error));
}

std::vector<Snapshot> Core::committed_stacks() const {
  std::vector<Snapshot> out;
  for (const auto& [id, entry] : entries_)
    if (entry.committed) out.push_back(entry.committed);
  return out;
}

}  // namespace sluice::conductor
