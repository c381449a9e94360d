#include "api/routes.h"

namespace sluice::api {
namespace {

constexpr std::size_t kNone = 4u << 10;  // a body nobody asked for is no offence
constexpr std::size_t kSmall = 64u << 10;
// A thousand variables of 64 KiB are allowed, but not in one request.
constexpr std::size_t kVariables = 8u << 20;
constexpr std::size_t kPush = std::size_t{4} << 30;

#define STACK "/api/v1/stacks/{stack}"
#define STAGE STACK "/stages/{stage}"
#define VARIABLES STAGE "/variables/{kind}"
#define DATABASE STAGE "/database"
#define GIT "/git/{stack}.git"

std::vector<Route> table() {
  using enum Least;
  return {
      {"GET", "/healthz", nobody, kNone, {}, healthz},
      {"GET", "/readyz", nobody, kNone, {}, readyz},
      {"GET", "/metrics", viewer, kNone, {}, metrics},
      {"GET", "/api/v1/openapi.json", nobody, kNone, {}, openapi},
      {"GET", "/api/v1/regions", viewer, kNone, {}, list_regions},
      {"POST", "/api/v1/regions", admin, kSmall, {}, add_region},
      {"DELETE", "/api/v1/regions/{region}", admin, kNone, {}, remove_region},
      {"GET", "/api/v1/doctor", admin, kNone, {}, list_findings},

      {"POST", "/api/v1/session", nobody, kSmall, {}, sign_in},
      {"DELETE", "/api/v1/session", viewer, kNone, {}, sign_out},
      {"GET", "/api/v1/me", viewer, kNone, {}, show_me},
      {"GET", "/api/v1/tokens", admin, kNone, {"limit", "after"}, list_tokens},
      {"POST", "/api/v1/tokens", admin, kSmall, {}, create_token},
      {"DELETE", "/api/v1/tokens/{token}", admin, kNone, {}, revoke_token},

      {"GET", "/api/v1/stacks", viewer, kNone, {"limit", "after"}, list_stacks},
      {"POST", "/api/v1/stacks", admin, kSmall, {}, create_stack},
      {"GET", STACK, viewer, kNone, {}, show_stack},
      {"PATCH", STACK, admin, kSmall, {}, change_stack},
      {"DELETE", STACK, admin, kNone, {"confirm"}, delete_stack},

      {"GET", STACK "/stages", viewer, kNone, {"limit", "after"}, list_stages},
      {"POST", STACK "/stages", developer, kSmall, {}, add_stage},
      {"GET", STAGE, viewer, kNone, {}, show_stage},
      {"PATCH", STAGE, developer, kSmall, {}, change_stage},
      {"DELETE", STAGE, admin, kNone, {"confirm", "force"}, delete_stage},

      {"GET", STAGE "/keys", viewer, kNone, {}, list_keys},
      {"POST", STAGE "/keys", developer, kSmall, {}, create_key},
      {"DELETE", STAGE "/keys/{key}", developer, kNone, {}, revoke_key},
      {"DELETE", STAGE "/cache", developer, kNone, {}, purge_cache},
      {"GET", STAGE "/certificates", viewer, kNone, {}, list_certificates},
      {"PUT", STAGE "/certificates/{domain}", developer, kVariables, {}, set_certificate},
      {"DELETE", STAGE "/certificates/{domain}", developer, kNone, {}, remove_certificate},
      {"POST", STAGE "/certificates/{domain}/renew", developer, kNone, {}, renew_certificate},

      {"GET", DATABASE, viewer, kNone, {}, show_database},
      {"GET", DATABASE "/backups", viewer, kNone, {"limit", "after"}, list_stage_backups},
      {"POST", DATABASE "/backups", developer, kSmall, {}, back_up_database},
      {"POST", DATABASE "/restore", developer, kSmall, {}, restore_database},
      {"POST", DATABASE "/copy", developer, kSmall, {}, copy_database},
      {"POST", DATABASE "/session", developer, kSmall, {}, open_database_session},
      {"GET", "/api/v1/backups", viewer, kNone, {"stack", "limit", "after"}, list_backups},
      {"DELETE", "/api/v1/backups/{backup}", admin, kNone, {"confirm"}, delete_backup},

      {"GET", STAGE "/variables/history", viewer, kNone, {"limit", "after"}, show_variables_history},  // no kind
      {"GET", VARIABLES, viewer, kNone, {}, show_variables},
      {"PUT", VARIABLES, developer, kVariables, {}, replace_variables},
      {"PATCH", VARIABLES, developer, kVariables, {}, merge_variables},
      {"POST", STAGE "/variables/copy", developer, kSmall, {}, copy_variables},

      {"GET", STAGE "/approval", viewer, kNone, {}, show_approval},
      {"POST", STAGE "/approve", developer, kSmall, {}, approve},
      {"POST", STAGE "/reject", developer, kSmall, {}, reject},
      {"GET",
       "/api/v1/approvals",
       viewer,
       kNone,
       {"state", "stack", "stage", "change", "limit", "after"},
       list_approvals},

      {"POST", STAGE "/retry", developer, kSmall, {}, retry},
      {"POST", STAGE "/redeploy", developer, kSmall, {}, redeploy},
      {"POST", STAGE "/rollback", developer, kSmall, {}, rollback},
      {"POST", STAGE "/promote", developer, kSmall, {}, promote},
      {"POST", STAGE "/pause", developer, kSmall, {}, pause},
      {"POST", STAGE "/resume", developer, kSmall, {}, resume},
      {"POST", "/api/v1/deployments/{deployment}/cancel", developer, kSmall, {}, cancel},

      {"GET", STACK "/changes", viewer, kNone, {"commit", "limit", "after"}, list_changes},
      {"GET", STACK "/changes/{change}", viewer, kNone, {}, show_change},
      {"GET", STACK "/deployments", viewer, kNone, {"stage", "change", "limit", "after"}, list_deployments},
      {"GET", "/api/v1/deployments/{deployment}", viewer, kNone, {}, show_deployment},
      {"GET", "/api/v1/deployments/{deployment}/comparison", viewer, kNone, {"with"}, compare_deployment},
      {"GET", "/api/v1/audit", viewer, kNone, {"stack", "limit", "after"}, list_audit},

      {"GET", "/api/v1/deployments/{deployment}/log", viewer, kNone, {"step", "after"}, read_deployment_log},
      {"GET",
       STAGE "/logs/{kind}",
       viewer,
       kNone,
       {"since", "after", "limit", "grep", "level", "format"},
       read_stage_log},
      {"GET", STAGE "/usage", viewer, kNone, {"since", "until"}, show_usage},
      {"GET", "/api/v1/usage", viewer, kNone, {"stack", "limit", "after"}, list_usage},
      {"GET", "/api/v1/prices", viewer, kNone, {}, show_prices},
      {"PUT", "/api/v1/prices", admin, kSmall, {}, set_prices},
      {"GET", "/api/v1/events", viewer, kNone, {"stack"}, follow_events},

      {"GET", GIT "/info/refs", viewer, kNone, {"service"}, nullptr, git_exchange},
      {"POST", GIT "/git-upload-pack", viewer, kPush, {}, nullptr, git_exchange},
      {"POST", GIT "/git-receive-pack", developer, kPush, {}, nullptr, git_exchange},
  };
}

std::string_view next_segment(std::string_view& path) {
  auto slash = path.find('/');
  auto segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  return segment;
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> all = table();
  return all;
}

std::optional<std::map<std::string, std::string>> match(std::string_view pattern, std::string_view path) {
  if (path.empty() || path.front() != '/' || path.back() == '/') return std::nullopt;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  std::map<std::string, std::string> params;
  while (!pattern.empty() && !path.empty()) {
    auto want = next_segment(pattern);
    auto have = next_segment(path);
    auto close = want.find('}');
    if (want.empty() || want.front() != '{' || close == std::string_view::npos) {
      if (want != have) return std::nullopt;
      continue;
    }
    auto suffix = want.substr(close + 1);
    if (have.size() <= suffix.size() || !have.ends_with(suffix)) return std::nullopt;
    params[std::string(want.substr(1, close - 1))] = std::string(have.substr(0, have.size() - suffix.size()));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return params;
}

}  // namespace sluice::api
