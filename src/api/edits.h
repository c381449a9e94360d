#pragma once
#include <optional>
#include <string>

#include "api/api.h"
#include "api/fields.h"
#include "conductor/conductor.h"

// What the handlers that change something share: reading a stage's settings, conditions, and telling what followed.
namespace sluice::api {

struct Service;

// What was said about a stage; absent: unchanged, or the default of a new one.
struct StageEdit {
  std::optional<bool> requires_approval;
  std::optional<pipeline::DatabaseKind> database;
  std::optional<std::string> database_url;  // of an existing one
  std::optional<pipeline::Endpoint> endpoint;
  std::optional<bool> caching;
  std::optional<std::int64_t> instances;
  std::optional<pipeline::Access> access;
  // What is left out of these stays as it is.
  struct Limits {
    std::optional<std::int64_t> rate, burst, body_bytes, answer_seconds;
  };
  std::optional<Limits> limits;
  struct Cache {
    std::optional<std::int64_t> seconds;
    std::optional<std::vector<std::string>> paths;
  };
  std::optional<Cache> cache;
  std::optional<bool> sticky;
  std::optional<std::int64_t> sleep_after;  // seconds; 0: never
  std::optional<std::string> hours;         // "": always
  std::optional<std::vector<std::string>> domains;
  struct Resources {
    std::optional<std::int64_t> memory, cpu;
  };
  std::optional<Resources> resources;
  [[nodiscard]] bool empty() const {
    return !requires_approval && !database && !endpoint && !caching && !instances && !access && !limits && !cache &&
           !sticky && !sleep_after && !hours && !domains && !resources;
  }
  [[nodiscard]] std::optional<pipeline::TrafficLimits> limits_over(const pipeline::StageConfig& was) const;
  [[nodiscard]] std::optional<pipeline::CacheRules> cache_over(const pipeline::StageConfig& was) const;
  [[nodiscard]] std::optional<pipeline::Resources> resources_over(const pipeline::StageConfig& was) const;
};
// Notes what is wrong in `fields`; nothing is kept in silence.
StageEdit read_stage_edit(Fields& fields);
// The database whose URL was given, tried (seconds); nothing when none was. The error names the field database.url.
Result<std::optional<platform::TriedDatabase>> try_database(const Databases& databases, const StageEdit& edit);
// What goes beside the command when a URL was given.
std::optional<conductor::SettingsEdit> with_database_url(const StageEdit& edit);
void need_label(Fields& fields, const char* name, const std::string& value);

// ETags name what can be edited, so that a deployment going by in between does not refuse an edit.
std::string etag_of(const pipeline::Stack& stack);
std::string etag_of(const pipeline::Stage& stage);
std::string etag_of_settings(const pipeline::Stage& stage);
// 412 when If-Match is there and does not name `etag`.
std::optional<http::Response> precondition(const http::Request& request, const std::string& etag);
http::Response precondition_failed();

// The deployment that was queued by it, in that stage.
std::optional<pipeline::Deployment> queued_by(const conductor::Outcome& outcome, const pipeline::StageId& stage);
// After new settings: why nothing deploys, for a person (R7.2); "" when something does or nothing need be said.
std::string settings_notice(const conductor::Outcome& outcome, const pipeline::Stage& stage);

// Notes what is wrong unless there is such a region. The caller holds Service::placing.
void check_region(const Service& service, Fields& fields, const std::string& region);

}  // namespace sluice::api
