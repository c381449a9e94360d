#include <fmt/format.h>

#include <functional>

#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"

// Build and runtime variables (R7.1, R7.2). A secret's value goes in and never comes out.
namespace sluice::api {
namespace {

using secrets::Settings;
using secrets::Variables;

json::object variables_view(const Variables& variables) {
  json::object out;
  for (const auto& [name, variable] : variables) {
    out[name] = variable.secret ? json::object{{"secret", true}} : json::object{{"value", variable.value}};
  }
  return out;
}

bool is_kind(const std::string& kind) { return kind == "build" || kind == "runtime"; }
Error no_such_kind(const std::string& kind) {
  return Error{ErrorKind::not_found, "variables are \"build\" or \"runtime\", not " + in_quotes(kind), {}};
}
Variables& of_kind(Settings& settings, const std::string& kind) {
  return kind == "build" ? settings.build : settings.runtime;
}

// What was said of one variable.
struct Said {
  bool remove = false;
  std::optional<std::string> value;
  std::optional<bool> secret;
};
using Edits = std::map<std::string, Said>;

Result<Edits> read_edits(const http::Request& request, bool may_remove) {
  auto body = body_object(request);
  if (!body) return fail(body.error());
  Edits edits;
  std::vector<FieldError> wrong;
  for (const auto& member : *body) {
    const std::string name(member.key());
    const auto& given = member.value();
    Said said;
    if (given.is_null() && may_remove) {
      said.remove = true;
    } else if (given.is_string()) {
      said.value = std::string(given.as_string());
    } else if (given.is_object()) {
      Fields fields(given.as_object(), name + ".");
      said.value = fields.text("value", 65'536);
      said.secret = fields.flag("secret");
      if (auto end = fields.end(); !end) {
        wrong.insert(wrong.end(), end.error().fields.begin(), end.error().fields.end());
        continue;
      }
    } else {
      wrong.push_back({name, may_remove ? "must be a string, {\"value\", \"secret\"}, or null to remove it"
                                        : "must be a string or {\"value\", \"secret\"}"});
      continue;
    }
    if (!said.remove) {
      if (auto good = secrets::check(name, said.value.value_or("")); !good) {
        if (good.error().fields.empty()) wrong.push_back({name, good.error().message});
        for (const auto& field : good.error().fields) wrong.push_back({name, field.message});
        continue;
      }
    }
    edits[name] = std::move(said);
  }
  if (!wrong.empty()) return fail(field_errors(std::move(wrong)));
  return edits;
}

// A secret stays one until something else is said, so that a new value cannot show it by mistake.
Result<> put_one(Variables& variables, const std::string& name, const Said& said, const Variables& before) {
  auto old = before.find(name);
  secrets::Variable now;
  now.secret = said.secret.value_or(old != before.end() && old->second.secret);
  if (said.value) {
    now.value = *said.value;
  } else if (old == before.end()) {
    return fail(field_errors({{name + ".value", "is missing: there is no such variable yet"}}));
  } else if (old->second.secret && !now.secret) {
    return fail(field_errors({{name + ".value", "is missing: a secret's value is not shown, so give it a new one"}}));
  } else {
    now.value = old->second.value;
  }
  variables[name] = std::move(now);
  return {};
}

Result<Variables> merged(const Variables& before, const Edits& edits) {
  Variables out = before;
  for (const auto& [name, said] : edits) {
    if (said.remove) {
      out.erase(name);
    } else if (auto put = put_one(out, name, said, before); !put) {
      return fail(put.error());
    }
  }
  return out;
}

// Replaces all but the secrets that are not mentioned.
Result<Variables> replaced(const Variables& before, const Edits& edits) {
  Variables out;
  for (const auto& [name, variable] : before)
    if (variable.secret) out[name] = variable;
  for (const auto& [name, said] : edits)
    if (auto put = put_one(out, name, said, before); !put) return fail(put.error());
  return out;
}

json::object saved_view(Service& service, const conductor::Outcome& outcome, const pipeline::Stage& stage,
                        json::object variables) {
  json::object out;
  out["settings_revision"] = stage.settings_revision;
  out["variables"] = std::move(variables);
  if (auto queued = queued_by(outcome, stage.id)) {
    if (auto row = service.deps.store.deployment(queued->id)) out["deployment"] = deployment_view(*row);
  }
  if (auto notice = settings_notice(outcome, stage); !notice.empty()) out["notice"] = notice;
  return out;
}

using Change = std::function<Result<Settings>(const Settings& before)>;

// Saves what `change` makes of the settings; what was compared (If-Match) is what is changed, or it is refused.
Answer save(Service& service, const Call& call, const std::vector<std::string>& kinds, const Change& change) {
  const auto& name = call.param("stage");
  std::lock_guard lock(service.editing);
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto* stage = pipeline::find_stage(**stack, name);
  if (stage == nullptr)
    return fail(ErrorKind::not_found, fmt::format("{} has no stage called {}", (*stack)->name, name));
  if (auto refused = precondition(call.request, etag_of_settings(*stage))) return *refused;
  // The settings as they are after it: the edit runs where they cannot change meanwhile.
  Settings now;
  conductor::SettingsEdit edit{[&](const Settings& before) -> Result<Settings> {
    auto made = change(before);
    if (made) now = *made;
    return made;
  }};
  auto outcome = service.deps.conductor.submit((*stack)->name, {call.actor(), pipeline::SaveSettings{name, {}}}, edit,
                                               call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* saved = pipeline::find_stage(*outcome->stack, stage->id);
  if (saved == nullptr) return fail(ErrorKind::conflict, name + " was deleted in between");
  json::object variables;
  if (kinds.size() == 1) {
    variables = variables_view(of_kind(now, kinds[0]));
  } else {
    for (const auto& kind : kinds) variables[kind] = variables_view(of_kind(now, kind));
  }
  auto out = answer(200, saved_view(service, *outcome, *saved, std::move(variables)));
  out.headers.set("ETag", etag_of_settings(*saved));
  return out;
}

Answer edit_one_kind(Service& service, const Call& call, bool merge) {
  const auto kind = call.param("kind");
  if (!is_kind(kind)) return fail(no_such_kind(kind));
  auto edits = read_edits(call.request, merge);
  if (!edits) return fail(edits.error());
  return save(service, call, {kind}, [&](const Settings& before) -> Result<Settings> {
    Settings now = before;
    auto& variables = of_kind(now, kind);
    auto made = merge ? merged(variables, *edits) : replaced(variables, *edits);
    if (!made) return fail(made.error());
    if (made->size() > 1000) return fail(ErrorKind::invalid, "a stage has at most 1,000 variables of a kind");
    variables = std::move(*made);
    return now;
  });
}

}  // namespace

Answer show_variables(Service& service, const Call& call) {
  const auto& kind = call.param("kind");
  if (!is_kind(kind)) return fail(no_such_kind(kind));
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto* stage = pipeline::find_stage(**stack, call.param("stage"));
  if (stage == nullptr)
    return fail(ErrorKind::not_found, fmt::format("{} has no stage called {}", (*stack)->name, call.param("stage")));
  auto settings = service.deps.secrets.read(stage->id, stage->settings_revision);
  if (!settings) return fail(settings.error());
  auto out = answer(200, variables_view(of_kind(*settings, kind)));
  out.headers.set("ETag", etag_of_settings(*stage));
  return out;
}

Answer replace_variables(Service& service, const Call& call) { return edit_one_kind(service, call, false); }
Answer merge_variables(Service& service, const Call& call) { return edit_one_kind(service, call, true); }

// Copies within the server, so that a secret is copied without being shown; R5.4's right.
Answer copy_variables(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto from = fields.need_text("from");
  std::vector<std::string> kinds = {"build", "runtime"};
  if (auto kind = fields.word("kind", {"build", "runtime"})) kinds = {*kind};
  if (auto end = fields.end(); !end) return fail(end.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto* other = pipeline::find_stage(**stack, from);
  if (other == nullptr)
    return fail(field_errors({{"from", (*stack)->name + " has no stage called " + in_quotes(from)}}));
  if (other->config.requires_approval && call.actor().role != pipeline::Role::admin)
    return fail(ErrorKind::forbidden,
                fmt::format("{} requires approval, so only an admin may copy its variables", from));
  auto settings = service.deps.secrets.read(other->id, other->settings_revision);
  if (!settings) return fail(settings.error());
  return save(service, call, kinds, [&](const Settings& before) -> Result<Settings> {
    Settings now = before;
    for (const auto& kind : kinds)
      for (const auto& [name, variable] : of_kind(*settings, kind)) of_kind(now, kind)[name] = variable;
    return now;
  });
}

}  // namespace sluice::api
