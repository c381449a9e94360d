#include <fmt/format.h>

#include "api/fields.h"
#include "api/service.h"
#include "base/digest.h"
#include "base/ids.h"

// The keys that open a stage whose access is private, and its cache: what is effective without a deployment.
namespace sluice::api {
namespace {

json::object key_view(const pipeline::AccessKey& key) {
  return {{"name", key.name}, {"created_at", to_rfc3339(key.made_at)}, {"created_by", key.by}};
}

// The platform as the newest snapshot says; two at once end with the newer one's keys.
Result<> tell(Service& service, const std::string& stack_name, const std::string& stage_name) {
  if (!service.deps.keys_changed) return {};
  std::lock_guard lock(service.telling);
  auto stack = service.stack(stack_name);
  if (!stack) return fail(stack.error());
  const auto* stage = pipeline::find_stage(**stack, stage_name);
  return stage == nullptr ? Result<>{} : service.deps.keys_changed(*stage);
}

}  // namespace

Answer list_keys(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  json::array items;
  for (const auto& key : (*stage)->keys) items.push_back(key_view(key));
  return answer_page(std::move(items), "");
}

Answer create_key(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  const auto name = fields.need_text("name", 64);
  if (auto end = fields.end(); !end) return fail(end.error());
  SystemRandom random;
  const std::string key = "slk_" + random_id(random, 32);
  const auto& stage_name = call.param("stage");
  auto outcome = service.deps.conductor.submit(call.param("stack"),
                                               {call.actor(), pipeline::AddKey{stage_name, name, sha256_hex(key)}});
  if (!outcome) return fail(outcome.error());
  if (auto told = tell(service, outcome->stack->name, stage_name); !told) return fail(told.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, stage_name);
  json::object out{{"name", name}, {"key", key}};
  if (stage != nullptr && stage->config.access == pipeline::Access::open) {
    out["notice"] = fmt::format(
        "{0} is public: the key is asked for once \"sluice stage set {1} {0} --access private\" "
        "is said.",
        stage_name, outcome->stack->name);
  }
  return answer(201, out);
}

Answer revoke_key(Service& service, const Call& call) {
  const auto& stage_name = call.param("stage");
  auto outcome = service.deps.conductor.submit(call.param("stack"),
                                               {call.actor(), pipeline::RevokeKey{stage_name, call.param("key")}});
  if (!outcome) return fail(outcome.error());
  if (auto told = tell(service, outcome->stack->name, stage_name); !told) return fail(told.error());
  return no_content();
}

Answer purge_cache(Service& service, const Call& call) {
  const auto& stage_name = call.param("stage");
  auto outcome = service.deps.conductor.submit(call.param("stack"), {call.actor(), pipeline::PurgeCache{stage_name}});
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, stage_name);
  if (stage != nullptr && service.deps.purge_cache) {
    if (auto purged = service.deps.purge_cache(*stage); !purged) return fail(purged.error());
  }
  return no_content();
}

}  // namespace sluice::api
