#include "api/fields.h"
#include "api/service.h"
#include "api/views.h"

// Who changed which variable: names and persons, never a value.
namespace sluice::api {
namespace {

using secrets::Settings;
using secrets::Variables;

void add_differences(const std::string& kind, const Variables& before, const Variables& after, json::array& out) {
  const auto add = [&](const std::string& name, const char* what) {
    out.push_back(json::object{{"kind", kind}, {"name", name}, {"what", what}});
  };
  for (const auto& [name, variable] : before) {
    const auto now = after.find(name);
    if (now == after.end())
      add(name, "removed");
    else if (!(now->second == variable))
      add(name, "changed");
  }
  for (const auto& [name, variable] : after)
    if (!before.contains(name)) add(name, "added");
}

// What an event did, or nothing where it is not about variables.
struct Seen {
  pipeline::StageId stage;
  pipeline::Revision revision = 0;
  std::string copied_from;
  pipeline::Revision adopted = 0;
};
struct Look {
  std::optional<Seen> operator()(const pipeline::StageAdded& e) const { return Seen{e.stage, 1, e.copied_from}; }
  std::optional<Seen> operator()(const pipeline::SettingsSaved& e) const { return Seen{e.stage, e.revision, {}}; }
  std::optional<Seen> operator()(const pipeline::SettingsAdopted& e) const {
    return Seen{e.stage, e.revision, {}, e.from};
  }
  template <class Other>
  std::optional<Seen> operator()(const Other&) const {
    return std::nullopt;
  }
};

// One save; nothing where it left the variables as they were.
Result<std::optional<json::object>> view(Service& service, const store::StoredEvent& event) {
  const auto seen = std::visit(Look{}, event.event.body);
  if (!seen) return std::optional<json::object>{};
  auto after = service.deps.secrets.read(seen->stage, seen->revision);
  if (!after) return fail(after.error());
  Settings before;
  if (seen->revision > 1) {
    auto read = service.deps.secrets.read(seen->stage, seen->revision - 1);
    if (!read) return fail(read.error());
    before = std::move(*read);
  }
  json::array variables;
  add_differences("build", before.build, after->build, variables);
  add_differences("runtime", before.runtime, after->runtime, variables);
  if (variables.empty()) return std::optional<json::object>{};
  json::object out{{"at", to_rfc3339(event.event.at)},
                   {"by", name_of(event.event.actor)},
                   {"settings_revision", seen->revision},
                   {"variables", std::move(variables)}};
  if (!seen->copied_from.empty()) out["copied_from"] = seen->copied_from;
  if (seen->adopted > 0) out["taken_from_revision"] = seen->adopted;
  return std::optional<json::object>{std::move(out)};
}

}  // namespace

Answer show_variables_history(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  auto events = service.deps.store.settings_history((*stack)->id, (*stage)->id, query_after(call.request), *limit);
  if (!events) return fail(events.error());
  json::array items;
  for (const auto& event : events->items) {
    auto one = view(service, event);
    if (!one) return fail(one.error());
    if (*one) items.push_back(std::move(**one));
  }
  return answer_page(std::move(items), events->next);
}

}  // namespace sluice::api
