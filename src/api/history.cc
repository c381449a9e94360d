#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/differences.h"
#include "api/fields.h"
#include "api/service.h"
#include "api/views.h"

// What has happened: changes, deployments, the audit trail.
namespace sluice::api {
namespace {

bool is_commit_prefix(const std::string& text) {
  return text.size() >= 4 && text.size() <= 40 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Answer list_changes(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto commit = query_text(call.request, "commit").value_or("");
  std::transform(commit.begin(), commit.end(), commit.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (!commit.empty() && !is_commit_prefix(commit))
    return fail_field("commit", "must be 4 to 40 hexadecimal digits, not " + in_quotes(commit));
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto rows = service.deps.store.changes((*stack)->id, commit, query_after(call.request), *limit);
  if (!rows) return fail(rows.error());
  json::array items;
  for (const auto& row : rows->items) items.push_back(change_view(service, **stack, row));
  return answer_page(std::move(items), rows->next);
}

Answer show_change(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto& text = call.param("change");
  std::int64_t number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number < 1)
    return fail(ErrorKind::not_found, fmt::format("{} has no change {}", (*stack)->name, in_quotes(text)));
  auto row = service.deps.store.change((*stack)->id, number);
  if (!row) return fail(row.error());
  return answer(200, change_view(service, **stack, *row));
}

Answer list_deployments(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto change = query_change(call.request);
  if (!change) return fail(change.error());
  std::optional<pipeline::StageId> stage;
  if (auto name = query_text(call.request, "stage")) {
    // A stage by its name, or a deleted one by its id (R6.4).
    if (auto found = stage_of(**stack, *name)) {
      stage = (*found)->id;
    } else if (name->starts_with("stg_")) {
      stage = pipeline::StageId{*name};
    } else {
      return fail(found.error());
    }
  }
  auto rows = service.deps.store.deployments((*stack)->id, stage, *change, query_after(call.request), *limit);
  if (!rows) return fail(rows.error());
  json::array items;
  for (const auto& row : rows->items) items.push_back(deployment_view(row));
  return answer_page(std::move(items), rows->next);
}

Answer show_deployment(Service& service, const Call& call) {
  auto row = service.deps.store.deployment(pipeline::DeploymentId{call.param("deployment")});
  if (!row) return fail(row.error());
  auto view = deployment_view(*row);
  const auto stack = service.deps.conductor.snapshot(row->stack_name);
  const auto* stage = stack ? pipeline::find_stage(*stack, row->stage) : nullptr;
  if (stage != nullptr && stage->active && stage->active->id == row->id) set_note(view, *stage->active);
  return answer(200, std::move(view));
}

Answer compare_deployment(Service& service, const Call& call) {
  auto& store = service.deps.store;
  auto one = store.deployment(pipeline::DeploymentId{call.param("deployment")});
  if (!one) return fail(one.error());
  pipeline::DeploymentId other;
  if (auto named = query_text(call.request, "with")) {
    other.value = *named;
  } else {
    auto before = store.ran_before(one->id);
    if (!before) return fail(before.error());
    other = *before;
  }
  json::object out{{"deployment", deployment_view(*one)}};
  if (other.value.empty()) return answer(200, out);
  auto with = store.deployment(other);
  if (!with || with->stage != one->stage)
    return fail_field("with",
                      fmt::format("must be a deployment to {}, not {}", one->stage_name, in_quotes(other.value)));
  out["with"] = deployment_view(*with);
  json::object differences;
  // A commit that is gone from the repository leaves the rest to compare.
  if (put_differences(service, one->stack, with->change.commit, one->change.commit, differences))
    for (auto& [name, value] : differences) out[name] = std::move(value);
  if (one->attempt > 0 && with->attempt > 0)
    if (auto names = settings_changed(service, one->stage, with->settings_revision, one->settings_revision))
      out["settings"] = std::move(*names);
  return answer(200, out);
}

Answer list_audit(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto rows =
      service.deps.store.audit(query_text(call.request, "stack").value_or(""), query_after(call.request), *limit);
  if (!rows) return fail(rows.error());
  json::array items;
  for (const auto& row : rows->items) items.push_back(event_view(service, row));
  return answer_page(std::move(items), rows->next);
}

}  // namespace sluice::api
