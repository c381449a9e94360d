#include "api/edits.h"

#include <fmt/format.h>

#include "api/answers.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/hours.h"
#include "pipeline/questions.h"

namespace sluice::api {
namespace {

std::string tag(const std::string& of) { return '"' + sha256_hex(of).substr(0, 20) + '"'; }

void read_database(Fields& fields, StageEdit& out) {
  const auto* object = fields.object("database");
  if (object == nullptr) return;
  Fields database(*object, "database.");
  auto kind = database.word("kind", {"none", "new", "existing"});
  auto url = database.text("url", 4096);
  if (!kind && object->if_contains("kind") == nullptr) database.wrong("kind", "is missing");
  if (kind && *kind != "existing" && url) database.wrong("url", "belongs to an existing database only");
  fields.take(std::move(database));
  if (!kind) return;
  out.database = *kind == "none"  ? pipeline::DatabaseKind::none
                 : *kind == "new" ? pipeline::DatabaseKind::created
                                  : pipeline::DatabaseKind::existing;
  out.database_url = url;
}

std::optional<StageEdit::Limits> read_limits(Fields& fields) {
  const auto* object = fields.object("limits");
  if (object == nullptr) return std::nullopt;
  Fields limits(*object, "limits.");
  StageEdit::Limits out;
  out.rate = limits.number("rate", 0, 10'000);
  out.burst = limits.number("burst", 0, 10'000'000);
  out.body_bytes = limits.number("body_bytes", 0, std::int64_t{1} << 40);
  out.answer_seconds = limits.number("answer_seconds", 1, 3600);
  fields.take(std::move(limits));
  return out;
}

std::optional<StageEdit::Resources> read_resources(Fields& fields) {
  const auto* object = fields.object("resources");
  if (object == nullptr) return std::nullopt;
  Fields resources(*object, "resources.");
  StageEdit::Resources out;
  out.memory = resources.number("memory", 0, std::int64_t{16} << 40);
  out.cpu = resources.number("cpu", 0, 1'024'000);
  fields.take(std::move(resources));
  return out;
}

std::optional<std::vector<std::string>> read_texts(Fields& fields, const char* name) {
  const auto* value = fields.any(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> out;
  const auto* list = value->if_array();
  if (list == nullptr) fields.wrong(name, "must be a list of texts");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* text = (*list)[i].if_string();
    if (text == nullptr) fields.wrong(name, "must be a list of texts");
    if (text == nullptr) break;
    out.emplace_back(*text);
  }
  return out;
}

std::optional<StageEdit::Cache> read_cache(Fields& fields) {
  const auto* object = fields.object("cache");
  if (object == nullptr) return std::nullopt;
  Fields cache(*object, "cache.");
  StageEdit::Cache out;
  out.seconds = cache.number("seconds", 1, 86'400);
  out.paths = read_texts(cache, "paths");
  fields.take(std::move(cache));
  return out;
}

}  // namespace

void need_label(Fields& fields, const char* name, const std::string& value) {
  if (!value.empty() && !is_dns_label(value))
    fields.wrong(name,
                 fmt::format("must be 1 to 32 characters of a-z, 0-9 and \"-\", with no \"-\" at either end, not {}",
                             in_quotes(value)));
}

StageEdit read_stage_edit(Fields& fields) {
  StageEdit out;
  out.requires_approval = fields.flag("requires_approval");
  read_database(fields, out);
  if (auto word = fields.word("endpoint", {"api_gateway", "load_balancer"})) {
    out.endpoint = codec::enum_from<pipeline::Endpoint>(*word);
  }
  out.caching = fields.flag("caching");
  out.instances = fields.number("instances", 0, 100);
  if (auto word = fields.word("access", {"public", "private"})) {
    out.access = *word == "public" ? pipeline::Access::open : pipeline::Access::restricted;
  }
  out.limits = read_limits(fields);
  out.cache = read_cache(fields);
  out.sticky = fields.flag("sticky");
  out.sleep_after = fields.number("sleep_after", 0, 604'800);
  out.hours = fields.text("hours", 500);
  if (out.hours && !out.hours->empty()) {
    const auto hours = Hours::parse(*out.hours);
    const auto known = hours ? is_known_zone(hours->zone) : fail(hours.error());
    if (!known) fields.wrong("hours", known.error().message);
  }
  out.domains = read_texts(fields, "domains");
  out.resources = read_resources(fields);
  return out;
}

Result<std::optional<platform::TriedDatabase>> try_database(const Databases& databases, const StageEdit& edit) {
  if (!edit.database_url || !databases.try_url) return std::nullopt;
  auto tried = databases.try_url(*edit.database_url);
  if (tried) return std::optional(std::move(*tried));
  if (tried.error().kind != ErrorKind::invalid && tried.error().kind != ErrorKind::unavailable)
    return fail(tried.error());
  const auto& fields = tried.error().fields;
  return fail(field_errors({{"database.url", fields.empty() ? tried.error().message : fields.front().message}}));
}

std::optional<conductor::SettingsEdit> with_database_url(const StageEdit& edit) {
  if (!edit.database_url) return std::nullopt;
  return conductor::SettingsEdit{
      [url = *edit.database_url](const secrets::Settings& before) -> Result<secrets::Settings> {
        auto out = before;
        out.database_url = url;
        return out;
      }};
}

std::optional<pipeline::TrafficLimits> StageEdit::limits_over(const pipeline::StageConfig& was) const {
  if (!limits) return std::nullopt;
  auto out = was.limits.value_or(pipeline::TrafficLimits{});
  out.rate = limits->rate.value_or(out.rate);
  out.burst = limits->burst.value_or(out.burst);
  out.body_bytes = limits->body_bytes.value_or(out.body_bytes);
  out.answer_seconds = limits->answer_seconds.value_or(out.answer_seconds);
  return out;
}

std::optional<pipeline::CacheRules> StageEdit::cache_over(const pipeline::StageConfig& was) const {
  if (!cache) return std::nullopt;
  auto out = was.cache.value_or(pipeline::CacheRules{});
  out.seconds = cache->seconds.value_or(out.seconds);
  out.paths = cache->paths.value_or(out.paths);
  return out;
}

std::optional<pipeline::Resources> StageEdit::resources_over(const pipeline::StageConfig& was) const {
  if (!resources) return std::nullopt;
  auto out = was.resources.value_or(pipeline::Resources{});
  out.memory = resources->memory.value_or(out.memory);
  out.cpu = resources->cpu.value_or(out.cpu);
  return out;
}

std::string etag_of(const pipeline::Stack& stack) {
  return tag(stack.id.value + json::serialize(codec::write(stack.source)));
}
std::string etag_of(const pipeline::Stage& stage) {
  return tag(stage.id.value + json::serialize(codec::write(stage.config)));
}
std::string etag_of_settings(const pipeline::Stage& stage) {
  return fmt::format("\"{}.{}\"", stage.id.value, stage.settings_revision);
}

http::Response precondition_failed() {
  return problem(412, "precondition_failed",
                 "it was changed by somebody else in between: read it again, then change it");
}

std::optional<http::Response> precondition(const http::Request& request, const std::string& etag) {
  auto header = request.headers.get("If-Match");
  if (!header || *header == "*") return std::nullopt;
  std::string_view rest = *header;
  while (!rest.empty()) {
    auto end = rest.find(',');
    auto one = rest.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one == etag) return std::nullopt;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return precondition_failed();
}

std::optional<pipeline::Deployment> queued_by(const conductor::Outcome& outcome, const pipeline::StageId& stage) {
  for (const auto& event : outcome.events) {
    const auto* queued = std::get_if<pipeline::DeploymentQueued>(&event.body);
    if (queued != nullptr && queued->stage == stage) return queued->deployment;
  }
  return std::nullopt;
}

std::string settings_notice(const conductor::Outcome& outcome, const pipeline::Stage& stage) {
  if (outcome.events.empty()) return "Nothing changed: all of it was so already.";
  if (queued_by(outcome, stage.id)) return "";
  if (stage.current && stage.active)
    return fmt::format("Saved; {} is busy, and redeploys with these settings as soon as it is idle.", stage.name);
  if (stage.current || stage.active || stage.waiting) return "";
  if (auto change = pipeline::retry_uses_settings(stage))
    return fmt::format(
        "Saved; {0} runs nothing: change #{1} {2} there, and \"sluice retry {3} {0}\" tries it again with "
        "these settings.",
        stage.name, change->number, stage.last->state == pipeline::DeploymentState::failed ? "failed" : "was stopped",
        outcome.stack->name);
  return fmt::format("Saved; {} runs nothing yet, and its first deployment carries these settings.", stage.name);
}

}  // namespace sluice::api
