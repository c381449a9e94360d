#include "api/service.h"
#include "api/views.h"
#include "base/codec.h"

namespace sluice::api {
namespace {

std::string stage_name(Service& service, const store::StoredEvent& event, const std::string& id) {
  return service.remembered.get("stage " + id, [&]() -> std::optional<std::string> {
    auto rows = service.deps.store.stages(event.stack);
    if (!rows) return std::nullopt;
    for (const auto& row : *rows)
      if (row.id.value == id) return row.name;
    return std::nullopt;
  });
}

// What the rules write down, in the words of the interface: a change is its number, a deployment its id, a stage its
// name, and a setting has the name that people know.
void outward(json::object& body) {
  if (auto* change = body.if_contains("change"); change != nullptr && change->is_object()) {
    body["commit"] = change->as_object()["commit"];
    body["change"] = json::value(body["change"].as_object()["number"]);
  }
  if (auto* deployment = body.if_contains("deployment"); deployment != nullptr && deployment->is_object()) {
    auto inner = deployment->as_object();
    body["deployment"] = inner["id"];
    body["change"] = inner["change"].as_object()["number"];
    body["commit"] = inner["change"].as_object()["commit"];
    body["kind"] = inner["kind"];
  }
  if (auto* config = body.if_contains("config"); config != nullptr && config->is_object()) {
    auto& c = config->as_object();
    if (c["database"].as_string() == "created") c["database"] = "new";
    c["access"] = c["access"].as_string() == "open" ? "public" : "private";
  }
  if (auto* ending = body.if_contains("ending"); ending != nullptr && ending->is_object()) {
    body["reason"] = json::value(ending->as_object()["reason"]);
    body.erase("ending");
  }
  if (auto* by = body.if_contains("by"); by != nullptr && by->is_number()) {
    body["superseded_by"] = json::value(*by);
    body.erase("by");
  }
  body.erase("token");
  body.erase("digest");
}

}  // namespace

json::object event_view(Service& service, const store::StoredEvent& event) {
  json::object out;
  out["seq"] = event.seq;
  out["at"] = to_rfc3339(event.event.at);
  out["type"] = event.type;
  out["actor"] = json::object{{"kind", codec::enum_name(event.event.actor.kind)}, {"name", name_of(event.event.actor)}};
  out["by"] = name_of(event.event.actor);
  out["stack"] = event.stack_name;
  auto written = codec::write(event.event.body);
  auto& body = written.as_object();
  outward(body);
  for (auto& member : body) {
    if (member.key() == "stage") {
      std::string id(member.value().as_string());
      out["stage_id"] = id;
      auto name = stage_name(service, event, id);
      if (!name.empty()) out["stage"] = name;
    } else if (member.key() != "type" && member.key() != "stack" && member.key() != "by") {
      out[member.key()] = std::move(member.value());
    }
  }
  return out;
}

}  // namespace sluice::api
