#include <charconv>

#include "base/codec.h"
#include "store/sqlite_store.h"

// What commands must know of the past before they are decided; pipeline/commands.h says what each is.
namespace sluice::store {
using namespace pipeline;
namespace {

template <class E>
E enum_of(const std::string& name) {
  return codec::enum_from<E>(name).value_or(E{});
}

#define SLUICE_PRECEDENT_COLUMNS                                                                               \
  "SELECT id, change, sha, kind, meaning, state, artifact, artifact_fixed, settings_revision, settings_then, " \
  "returned, stage, ended_seq FROM deployments "

std::optional<Precedent> read_precedent(Connection& db, Rows row) {
  if (!row.next()) return std::nullopt;
  Precedent out;
  out.deployment = {row.text(0)};
  out.change = {row.integer(1), row.text(2)};
  out.kind = enum_of<DeploymentKind>(row.text(3));
  out.meaning = enum_of<DeploymentKind>(row.text(4));
  out.state = enum_of<DeploymentState>(row.text(5));
  out.artifact = row.text(6);
  out.artifact_fixed = row.flag(7);
  out.settings_revision = row.integer(8);
  out.settings_then = row.flag(9);
  out.returned = row.flag(10);
  if (!row.null(12)) {
    auto since = db.query(
        "SELECT coalesce(max(change), 0) FROM deployments WHERE stage = ? AND ended_seq > ? AND state = 'succeeded'",
        row.integer(11), row.integer(12));
    if (since.next()) out.newest_success_since = since.integer(0);
  }
  return out;
}

// "7" and "#7".
std::optional<ChangeNumber> change_number(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  ChangeNumber out = 0;
  auto [stopped, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (wrong != std::errc() || stopped != text.data() + text.size() || out < 1) return std::nullopt;
  return out;
}

std::optional<ApprovalPrecedent> approval_in(Connection& db, std::int64_t stage, ChangeNumber change) {
  ApprovalPrecedent out;
  auto row = db.query(
      "SELECT state, by_name, superseded_by FROM approvals WHERE stage = ? AND change = ? ORDER BY id DESC LIMIT 1",
      stage, change);
  if (row.next()) {
    out.state = enum_of<ApprovalState>(row.text(0));
    out.by = row.text(1);
    out.superseded_by = row.integer(2);
  } else {
    // It waited at the gate without ever being asked about, and a newer one took its place.
    auto gate = db.query(
        "SELECT state, superseded_by FROM gates WHERE stage = ? AND change = ? AND state IN ('superseded', "
        "'withdrawn')",
        stage, change);
    if (!gate.next()) return std::nullopt;
    out.state = enum_of<ApprovalState>(gate.text(0));
    out.superseded_by = gate.integer(1);
  }
  if (out.state == ApprovalState::approved) {
    auto deployment = db.query(
        "SELECT state FROM deployments WHERE stage = ? AND change = ? AND returned = 0 ORDER BY num DESC LIMIT 1",
        stage, change);
    if (deployment.next()) out.deployment_state = deployment.text(0);
  }
  return out;
}

}  // namespace

std::optional<ApprovalPrecedent> SqliteStore::approval_precedent(const Stack& stack, const std::string& stage,
                                                                 ChangeNumber change) {
  return or_throw([&]() -> std::optional<ApprovalPrecedent> {
    Reader db(readers_);
    // The living stage of this name first, then deleted ones, the newest first: what waited there is gone (R6.2).
    auto named = db->query(
        "SELECT num, deleted FROM stages WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND name = ? "
        "ORDER BY deleted, num DESC",
        stack.id, stage);
    std::optional<bool> living;
    while (named.next()) {
      const bool gone = named.flag(1);
      if (!living) living = !gone;
      auto found = approval_in(*db, named.integer(0), change);
      if (!found) continue;
      found->stage_gone = gone;
      return found;
    }
    if (living.value_or(true)) return std::nullopt;
    ApprovalPrecedent out;
    out.state = ApprovalState::withdrawn;
    out.stage_gone = true;
    return out;
  });
}

std::optional<Precedent> SqliteStore::retry_precedent(const StageId& stage) {
  return or_throw([&] {
    Reader db(readers_);
    return read_precedent(
        *db, db->query(SLUICE_PRECEDENT_COLUMNS "WHERE stage = (SELECT num FROM stages WHERE id = ?) "
                                                "AND state IN ('failed', 'cancelled') ORDER BY num DESC LIMIT 1",
                       stage));
  });
}

std::optional<Precedent> SqliteStore::deployment_precedent(const StageId& stage, const DeploymentId& id) {
  return or_throw([&] {
    Reader db(readers_);
    return read_precedent(
        *db, db->query(SLUICE_PRECEDENT_COLUMNS "WHERE id = ? AND stage = (SELECT num FROM stages WHERE id = ?)", id,
                       stage));
  });
}

std::optional<Precedent> SqliteStore::rollback_precedent(const StageId& stage, const std::string& to,
                                                         ChangeNumber serving) {
  if (to.starts_with("dep_")) return deployment_precedent(stage, DeploymentId{to});
  return or_throw([&]() -> std::optional<Precedent> {
    Reader db(readers_);
    if (to.empty()) {
      return read_precedent(
          *db, db->query(SLUICE_PRECEDENT_COLUMNS "WHERE stage = (SELECT num FROM stages WHERE id = ?) AND change < ? "
                                                  "AND state = 'succeeded' ORDER BY change DESC, num DESC LIMIT 1",
                         stage, serving));
    }
    if (auto change = change_number(to)) {
      auto succeeded =
          read_precedent(*db, db->query(SLUICE_PRECEDENT_COLUMNS "WHERE stage = (SELECT num FROM stages WHERE id = ?) "
                                                                 "AND change = ? AND state = 'succeeded' "
                                                                 "ORDER BY num DESC LIMIT 1",
                                        stage, *change));
      if (succeeded) return succeeded;
      // One that never succeeded: its state says so to whoever decides.
      return read_precedent(
          *db, db->query(SLUICE_PRECEDENT_COLUMNS "WHERE stage = (SELECT num FROM stages WHERE id = ?) AND change = ? "
                                                  "ORDER BY num DESC LIMIT 1",
                         stage, *change));
    }
    return std::nullopt;
  });
}

void SqliteStore::promote_precedent(const Stack& stack, Promote& command) {
  or_throw([&] {
    Reader db(readers_);
    command.commit.clear();
    command.succeeded_in.clear();
    command.succeeded_before_deleted = false;
    auto change =
        db->query("SELECT sha FROM changes WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND number = ?",
                  stack.id, command.change);
    if (!change.next()) return;
    command.commit = change.text(0);

    const Stage* target = find_stage(stack, command.stage);
    // stood_after is a JSON list of ids.
    const std::string target_in_list = target ? "%\"" + target->id.value + "\"%" : std::string();
    auto stages = db->query(
        "SELECT id, deleted AND stood_after LIKE ? FROM stages g "
        "WHERE stack = (SELECT num FROM stacks WHERE id = ?) AND EXISTS "
        "(SELECT 1 FROM deployments d WHERE d.stage = g.num AND d.change = ? AND d.state = 'succeeded') ORDER BY num",
        target_in_list, stack.id, command.change);
    while (stages.next()) {
      command.succeeded_in.push_back({stages.text(0)});
      if (stages.flag(1)) command.succeeded_before_deleted = true;
    }
  });
}

}  // namespace sluice::store
