#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/codec.h"
#include "store/encode.h"
#include "store/sqlite_store.h"

// The tables that history is read from.
namespace sluice::store {
using namespace pipeline;
namespace {

constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kLongestPage = 1000;

// A cursor is the number of the last row that was given.
Result<std::int64_t> from_cursor(const std::string& after) {
  if (after.empty()) return kNewest;
  std::int64_t out = 0;
  const char* end = after.data() + after.size();
  auto [stopped, wrong] = std::from_chars(after.data(), end, out);
  if (wrong != std::errc() || stopped != end || out < 0) {
    return fail_field("after", "is not a cursor that this list gave: leave it out to begin anew");
  }
  return out;
}

// One row more than asked for tells whether there is a next page.
std::int64_t with_one_more(std::size_t limit) {
  return static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, kLongestPage)) + 1;
}

template <class T, class Number>
Page<T> page_of(std::vector<T> items, std::size_t limit, Number number) {
  Page<T> out;
  const auto most = static_cast<std::size_t>(with_one_more(limit) - 1);
  if (items.size() > most) {
    items.resize(most);
    out.next = std::to_string(number(items.back()));
  }
  out.items = std::move(items);
  return out;
}

template <class E>
E enum_of(const std::string& name) {
  return codec::enum_from<E>(name).value_or(E{});
}

Actor actor_of(const Rows& row, int first) {
  return {enum_of<ActorKind>(row.text(first)), row.text(first + 1), enum_of<Role>(row.text(first + 2))};
}

#define SLUICE_EVENT_COLUMNS                                                                    \
  "SELECT e.seq, s.id, s.name, e.type, e.at, e.actor_kind, e.actor_name, e.actor_role, e.body " \
  "FROM events e JOIN stacks s ON s.num = e.stack "

Result<std::vector<StoredEvent>> read_events(Rows rows) {
  std::vector<StoredEvent> out;
  while (rows.next()) {
    auto body = decode_event(rows.text(8));
    if (!body) return fail(body.error().while_("event " + std::to_string(rows.integer(0))));
    out.push_back({rows.integer(0), StackId{rows.text(1)}, rows.text(2), rows.text(3),
                   Event{rows.time(4), actor_of(rows, 5), std::move(*body)}});
  }
  return out;
}

#define SLUICE_CHANGE_COLUMNS "SELECT number, sha, branch, message, author_name, author_email, at FROM changes "

ChangeRow read_change(const Rows& row) {
  return {{row.integer(0), row.text(1)}, row.text(2), row.text(3), {row.text(4), row.text(5)}, row.time(6)};
}

#define SLUICE_DEPLOYMENT_COLUMNS                                                                                     \
  "SELECT d.num, d.id, s.id, s.name, g.id, g.name, d.change, d.sha, d.kind, d.meaning, d.state, d.attempt, d.error, " \
  "d.artifact, d.artifact_fixed, d.built, d.settings_then, d.returned, d.settings_revision, d.superseded_by, "        \
  "d.by_kind, d.by_name, d.by_role, d.queued_at, d.started_at, d.ended_at, d.instances "                              \
  "FROM deployments d JOIN stacks s ON s.num = d.stack JOIN stages g ON g.num = d.stage "

struct NumberedDeployment {
  std::int64_t num = 0;
  DeploymentRow row;
};

NumberedDeployment read_deployment(const Rows& row) {
  NumberedDeployment out;
  out.num = row.integer(0);
  DeploymentRow& d = out.row;
  d.id = {row.text(1)};
  d.stack = {row.text(2)};
  d.stack_name = row.text(3);
  d.stage = {row.text(4)};
  d.stage_name = row.text(5);
  d.change = {row.integer(6), row.text(7)};
  d.kind = enum_of<DeploymentKind>(row.text(8));
  d.meaning = enum_of<DeploymentKind>(row.text(9));
  d.state = enum_of<DeploymentState>(row.text(10));
  d.attempt = row.integer(11);
  d.error = row.text(12);
  d.artifact = row.text(13);
  d.artifact_fixed = row.flag(14);
  d.built = row.flag(15);
  d.settings_then = row.flag(16);
  d.returned = row.flag(17);
  d.settings_revision = row.integer(18);
  d.superseded_by = row.integer(19);
  d.by = actor_of(row, 20);
  d.queued_at = row.time(23);
  d.started_at = row.maybe_time(24);
  d.ended_at = row.maybe_time(25);
  d.instances = row.integer(26);
  return out;
}

void read_steps(Connection& db, NumberedDeployment& deployment) {
  auto row = db.query("SELECT name, state, started_at, ended_at, error FROM steps WHERE deployment = ? ORDER BY place",
                      deployment.num);
  while (row.next()) {
    deployment.row.steps.push_back({row.text(0), row.text(1), row.time(2), row.maybe_time(3), row.text(4)});
  }
}

#define SLUICE_APPROVAL_COLUMNS                                                                                      \
  "SELECT a.id, s.id, s.name, g.id, g.name, a.change, a.sha, a.state, a.since, a.decided_at, a.by_kind, a.by_name, " \
  "a.by_role, a.comment, a.superseded_by "                                                                           \
  "FROM approvals a JOIN stacks s ON s.num = a.stack JOIN stages g ON g.num = a.stage "

std::vector<ApprovalRow> read_approvals(Rows row) {
  std::vector<ApprovalRow> out;
  while (row.next()) {
    ApprovalRow a;
    a.id = row.integer(0);
    a.stack = {row.text(1)};
    a.stack_name = row.text(2);
    a.stage = {row.text(3)};
    a.stage_name = row.text(4);
    a.change = {row.integer(5), row.text(6)};
    a.state = enum_of<ApprovalState>(row.text(7));
    a.since = row.time(8);
    a.decided_at = row.maybe_time(9);
    a.by = actor_of(row, 10);
    a.comment = row.text(13);
    a.superseded_by = row.integer(14);
    out.push_back(std::move(a));
  }
  return out;
}

// What became of a change in one stage; nothing when it never came there.
std::optional<ChangeInStage> fate(Connection& db, const StageId& stage, const std::string& name, ChangeNumber change) {
  auto deployment = db.query(
      "SELECT id, state FROM deployments WHERE stage = (SELECT num FROM stages WHERE id = ?) AND change = ? "
      "AND returned = 0 ORDER BY num DESC LIMIT 1",
      stage, change);
  if (deployment.next()) {
    return ChangeInStage{stage, name, false, deployment.text(1), DeploymentId{deployment.text(0)}};
  }
  auto gate = db.query(
      "SELECT state FROM gates WHERE stage = (SELECT num FROM stages WHERE id = ?) AND change = ? "
      "AND state IN ('pending', 'held', 'rejected', 'superseded', 'withdrawn')",
      stage, change);
  if (gate.next()) return ChangeInStage{stage, name, false, gate.text(0), {}};
  return std::nullopt;
}

std::vector<StageRow> read_stages(Connection& db, const StackId& stack, std::optional<Error>& error) {
  std::vector<StageRow> out;
  auto row = db.query(
      "SELECT id, name, deleted, stood_after FROM stages WHERE stack = (SELECT num FROM stacks WHERE id = ?) "
      "ORDER BY num",
      stack);
  while (row.next()) {
    auto after = decode_stages(row.text(3));
    if (!after) {
      error = after.error();
      return out;
    }
    out.push_back({StageId{row.text(0)}, row.text(1), row.flag(2), std::move(*after)});
  }
  return out;
}

}  // namespace

Result<std::vector<Stack>> SqliteStore::load_stacks() {
  return guarded([&]() -> Result<std::vector<Stack>> {
    Reader db(readers_);
    std::vector<Stack> out;
    auto row = db->query("SELECT name, state FROM stacks WHERE gone = 0 ORDER BY name");
    while (row.next()) {
      auto stack = decode_stack(row.text(1));
      if (!stack) return fail(stack.error().while_("stack " + row.text(0)));
      out.push_back(std::move(*stack));
    }
    return out;
  });
}

Result<std::vector<StoredEvent>> SqliteStore::events_after(std::int64_t seq, std::size_t limit) {
  return guarded([&] {
    Reader db(readers_);
    return read_events(db->query(SLUICE_EVENT_COLUMNS "WHERE e.seq > ? ORDER BY e.seq LIMIT ?", seq,
                                 static_cast<std::int64_t>(limit)));
  });
}

Result<Page<StoredEvent>> SqliteStore::audit(const std::string& stack_name, const std::string& after,
                                             std::size_t limit) {
  return guarded([&]() -> Result<Page<StoredEvent>> {
    auto before = from_cursor(after);
    if (!before) return fail(before.error());
    Reader db(readers_);
    // A living stack goes before one of the same name that is gone; of those, the newest.
    auto events =
        stack_name.empty()
            ? read_events(db->query(SLUICE_EVENT_COLUMNS "WHERE e.seq < ? ORDER BY e.seq DESC LIMIT ?", *before,
                                    with_one_more(limit)))
            : read_events(db->query(SLUICE_EVENT_COLUMNS "WHERE e.stack = (SELECT num FROM stacks WHERE name = ? "
                                                         "ORDER BY gone, num DESC LIMIT 1) AND e.seq < ? "
                                                         "ORDER BY e.seq DESC LIMIT ?",
                                    stack_name, *before, with_one_more(limit)));
    if (!events) return fail(events.error());
    return page_of(std::move(*events), limit, [](const StoredEvent& e) { return e.seq; });
  });
}

Result<Page<StoredEvent>> SqliteStore::settings_history(const StackId& stack, const StageId& stage,
                                                        const std::string& after, std::size_t limit) {
  return guarded([&]() -> Result<Page<StoredEvent>> {
    auto before = from_cursor(after);
    if (!before) return fail(before.error());
    Reader db(readers_);
    // The types as the index events_settings has them: else it is not used.
    auto events = read_events(db->query(SLUICE_EVENT_COLUMNS
                                        "WHERE e.stack = (SELECT num FROM stacks WHERE id = ?) AND e.seq < ? "
                                        "AND e.type IN ('StageAdded', 'SettingsSaved', 'SettingsAdopted') "
                                        "AND json_extract(e.body, '$.stage') = ? ORDER BY e.seq DESC LIMIT ?",
                                        stack, *before, stage, with_one_more(limit)));
    if (!events) return fail(events.error());
    return page_of(std::move(*events), limit, [](const StoredEvent& e) { return e.seq; });
  });
}

Result<Page<ChangeRow>> SqliteStore::changes(const StackId& stack, const std::string& commit, const std::string& after,
                                             std::size_t limit) {
  return guarded([&]() -> Result<Page<ChangeRow>> {
    auto before = from_cursor(after);
    if (!before) return fail(before.error());
    Reader db(readers_);
    std::vector<ChangeRow> items;
    // 'g' follows the hex digits, so an abbreviated commit is a range.
    auto row = commit.empty() ? db->query(SLUICE_CHANGE_COLUMNS
                                          "WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND number < ? "
                                          "ORDER BY number DESC LIMIT ?",
                                          stack, *before, with_one_more(limit))
                              : db->query(SLUICE_CHANGE_COLUMNS
                                          "WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND +number < ? "
                                          "AND sha >= ? AND sha < ? ORDER BY +number DESC LIMIT ?",
                                          stack, *before, commit, commit + "g", with_one_more(limit));
    while (row.next()) items.push_back(read_change(row));
    return page_of(std::move(items), limit, [](const ChangeRow& c) { return c.change.number; });
  });
}

Result<ChangeRow> SqliteStore::change(const StackId& stack, ChangeNumber number) {
  return guarded([&]() -> Result<ChangeRow> {
    Reader db(readers_);
    auto row = db->query(SLUICE_CHANGE_COLUMNS "WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND number = ?",
                         stack, number);
    if (!row.next()) return fail(ErrorKind::not_found, "there is no change #" + std::to_string(number) + " here");
    return read_change(row);
  });
}

Result<std::vector<std::optional<ChangeRow>>> SqliteStore::changes_of(
    const std::vector<std::pair<StackId, ChangeNumber>>& asked) {
  return guarded([&]() -> Result<std::vector<std::optional<ChangeRow>>> {
    boost::json::array keys;
    for (const auto& [stack, number] : asked) keys.push_back(boost::json::array{stack.value, number});
    Reader db(readers_);
    std::vector<std::optional<ChangeRow>> out(asked.size());
    // CROSS JOIN keeps this order of reading: each key once, the rest by index.
    auto row = db->query(
        "SELECT c.number, c.sha, c.branch, c.message, c.author_name, c.author_email, c.at, k.key "
        "FROM json_each(?) k CROSS JOIN stacks s ON s.id = json_extract(k.value, '$[0]') "
        "CROSS JOIN changes c ON c.stack = s.num AND c.number = json_extract(k.value, '$[1]')",
        boost::json::serialize(keys));
    while (row.next()) out.at(static_cast<std::size_t>(row.integer(7))) = read_change(row);
    return out;
  });
}

Result<std::vector<ChangeInStage>> SqliteStore::where_is(const Stack& stack, ChangeNumber change) {
  return guarded([&]() -> Result<std::vector<ChangeInStage>> {
    Reader db(readers_);
    std::vector<ChangeInStage> out;
    for (const auto& stage : stack.stages) {
      auto found = fate(*db, stage.id, stage.name, change);
      out.push_back(found ? *found : ChangeInStage{stage.id, stage.name, false, "not_reached", {}});
    }
    std::optional<Error> error;
    for (const auto& stage : read_stages(*db, stack.id, error)) {
      const bool shown = std::any_of(stack.stages.begin(), stack.stages.end(),
                                     [&](const Stage& living) { return living.id == stage.id; });
      // One that was added after this snapshot of the stack is shown with the next.
      if (shown || !stage.deleted) continue;
      auto found = fate(*db, stage.id, stage.name, change);
      if (!found) continue;
      found->deleted = true;
      out.push_back(std::move(*found));
    }
    if (error) return fail(*error);
    return out;
  });
}

Result<Page<DeploymentRow>> SqliteStore::deployments(const StackId& stack, const std::optional<StageId>& stage,
                                                     ChangeNumber change, const std::string& after, std::size_t limit) {
  return guarded([&]() -> Result<Page<DeploymentRow>> {
    auto before = from_cursor(after);
    if (!before) return fail(before.error());
    Reader db(readers_);
    std::vector<NumberedDeployment> found;
    {
      // Of one change they are few: found by the change in each of the stack's stages, then sorted.
      auto row = change > 0 ? db->query(SLUICE_DEPLOYMENT_COLUMNS
                                        "WHERE d.stage IN (SELECT num FROM stages WHERE stack = "
                                        "(SELECT num FROM stacks WHERE id = ?)) AND d.change = ? "
                                        "AND (? = '' OR +g.id = ?) AND +d.num < ? ORDER BY +d.num DESC LIMIT ?",
                                        stack, change, stage ? stage->value : "", stage ? stage->value : "", *before,
                                        with_one_more(limit))
                 : stage    ? db->query(SLUICE_DEPLOYMENT_COLUMNS
                                        "WHERE d.stage = (SELECT num FROM stages WHERE id = ?) AND d.num < ? "
                                           "AND +s.id = ? ORDER BY d.num DESC LIMIT ?",
                                        *stage, *before, stack, with_one_more(limit))
                            : db->query(SLUICE_DEPLOYMENT_COLUMNS
                                        "WHERE d.stack = (SELECT num FROM stacks WHERE id = ?) AND d.num < ? "
                                           "ORDER BY d.num DESC LIMIT ?",
                                        stack, *before, with_one_more(limit));
      while (row.next()) found.push_back(read_deployment(row));
    }
    auto numbered = page_of(std::move(found), limit, [](const NumberedDeployment& d) { return d.num; });
    Page<DeploymentRow> out;
    out.next = numbered.next;
    for (auto& deployment : numbered.items) {
      read_steps(*db, deployment);
      out.items.push_back(std::move(deployment.row));
    }
    return out;
  });
}

Result<DeploymentRow> SqliteStore::deployment(const DeploymentId& id) {
  return guarded([&]() -> Result<DeploymentRow> {
    Reader db(readers_);
    auto row = db->query(SLUICE_DEPLOYMENT_COLUMNS "WHERE d.id = ?", id);
    if (!row.next()) return fail(ErrorKind::not_found, "there is no deployment " + id.value);
    auto out = read_deployment(row);
    read_steps(*db, out);
    return std::move(out.row);
  });
}

Result<DeploymentId> SqliteStore::ran_before(const DeploymentId& id) {
  return guarded([&]() -> Result<DeploymentId> {
    Reader db(readers_);
    auto row = db->query(
        "SELECT b.id FROM deployments d JOIN deployments b ON b.stage = d.stage AND b.state = 'succeeded' "
        "AND b.ended_seq < coalesce(d.ended_seq, 9223372036854775807) AND +b.num <> d.num "
        "WHERE d.id = ? ORDER BY b.ended_seq DESC LIMIT 1",
        id);
    return row.next() ? DeploymentId{row.text(0)} : DeploymentId{};
  });
}

Result<Page<ApprovalRow>> SqliteStore::approvals(const ApprovalFilter& filter, const std::string& after,
                                                 std::size_t limit) {
  return guarded([&]() -> Result<Page<ApprovalRow>> {
    auto before = from_cursor(after);
    if (!before) return fail(before.error());
    Reader db(readers_);
    const std::string state = filter.state ? codec::enum_name(*filter.state) : "";
    const std::string stage = filter.stage ? filter.stage->value : "";
    auto items =
        filter.stack   ? read_approvals(db->query(SLUICE_APPROVAL_COLUMNS
                                                  "WHERE a.stage IN (SELECT num FROM stages WHERE stack = "
                                                    "(SELECT num FROM stacks WHERE id = ?)) AND (? = '' OR +g.id = ?) "
                                                    "AND (? = 0 OR a.change = ?) AND (? = '' OR +a.state = ?) AND a.id < ? "
                                                    "ORDER BY a.id DESC LIMIT ?",
                                                  *filter.stack, stage, stage, filter.change, filter.change, state, state,
                                                  *before, with_one_more(limit)))
        : filter.state ? read_approvals(db->query(SLUICE_APPROVAL_COLUMNS
                                                  "WHERE a.state = ? AND a.id < ? ORDER BY a.id DESC LIMIT ?",
                                                  state, *before, with_one_more(limit)))
                       : read_approvals(db->query(SLUICE_APPROVAL_COLUMNS "WHERE a.id < ? ORDER BY a.id DESC LIMIT ?",
                                                  *before, with_one_more(limit)));
    return page_of(std::move(items), limit, [](const ApprovalRow& a) { return a.id; });
  });
}

Result<ApprovalRow> SqliteStore::approval(const StageId& stage, ChangeNumber change) {
  return guarded([&]() -> Result<ApprovalRow> {
    Reader db(readers_);
    auto found = read_approvals(db->query(SLUICE_APPROVAL_COLUMNS
                                          "WHERE a.stage = (SELECT num FROM stages WHERE id = ?) AND a.change = ? "
                                          "ORDER BY a.id DESC LIMIT 1",
                                          stage, change));
    if (found.empty())
      return fail(ErrorKind::not_found, "nobody was asked about change #" + std::to_string(change) + " there");
    return std::move(found.front());
  });
}

Result<std::vector<StageRow>> SqliteStore::stages(const StackId& stack) {
  return guarded([&]() -> Result<std::vector<StageRow>> {
    Reader db(readers_);
    std::optional<Error> error;
    auto out = read_stages(*db, stack, error);
    if (error) return fail(*error);
    return out;
  });
}

Result<std::string> SqliteStore::settings(const StageId& stage, Revision revision) {
  return guarded([&]() -> Result<std::string> {
    Reader db(readers_);
    auto row =
        db->query("SELECT sealed FROM settings WHERE stage = (SELECT num FROM stages WHERE id = ?) AND revision = ?",
                  stage, revision);
    if (!row.next()) {
      return fail(ErrorKind::not_found,
                  "there is no settings revision " + std::to_string(revision) + " of stage " + stage.value);
    }
    return row.text(0);
  });
}

std::optional<std::string> SqliteStore::idempotent_answer(const std::string& key) {
  return or_throw([&]() -> std::optional<std::string> {
    Reader db(readers_);
    auto row = db->query("SELECT answer FROM idempotency WHERE key = ?", key);
    if (!row.next()) return std::nullopt;
    return row.text(0);
  });
}

Result<std::vector<std::string>> SqliteStore::artifacts_in_use() {
  return guarded([&]() -> Result<std::vector<std::string>> {
    Reader db(readers_);
    std::vector<std::string> out;
    auto row = db->query("SELECT DISTINCT artifact FROM artifacts_in_use ORDER BY artifact");
    while (row.next()) out.push_back(row.text(0));
    return out;
  });
}

}  // namespace sluice::store
