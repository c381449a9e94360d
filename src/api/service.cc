#include "api/service.h"

#include <fmt/format.h>

#include "api/fields.h"
#include "api/views.h"
#include "base/utf8.h"

namespace sluice::api {

Service::Service(Deps given)
    : deps(std::move(given)),
      guard(deps.identity, {deps.host_names, deps.public_url, deps.pages}),
      figures(deps.clock.now()),
      idempotency(deps.store, deps.clock),
      check_ins(deps.conductor, deps.repositories),
      events(deps.conductor, deps.store, deps.identity,
             [this](const store::StoredEvent& event) {
               return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.seq, event.type,
                                  to_utf8(json::serialize(event_view(*this, event))));
             },
             {}),
      followers(deps.identity, {}),
      attendant(deps.conductor, deps.store, deps.repositories, check_ins) {}

Result<conductor::Snapshot> Service::stack(const std::string& name) const {
  auto found = deps.conductor.snapshot(name);
  if (!found || found->gone) return fail(ErrorKind::not_found, "there is no stack called " + in_quotes(name));
  return found;
}

Result<const pipeline::Stage*> stage_of(const pipeline::Stack& stack, const std::string& name) {
  if (const auto* stage = pipeline::find_stage(stack, name)) return stage;
  for (auto stage = stack.leaving.rbegin(); stage != stack.leaving.rend(); ++stage)
    if (stage->name == name) return &*stage;
  return fail(ErrorKind::not_found, fmt::format("{} has no stage called {}", stack.name, in_quotes(name)));
}

}  // namespace sluice::api
