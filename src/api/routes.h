#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/answers.h"
#include "conductor/conductor.h"
#include "http/server.h"
#include "identity/identity.h"

// The one table of routes: what may be called, by whom, with what, and who answers.
namespace sluice::api {

struct Service;
struct Call;

// The least that a caller must be; what else a command needs (R8.7) the rules say.
enum class Least { nobody, viewer, developer, admin };

struct Route {
  const char* method;
  const char* pattern;  // "{name}" stands for one segment of a path
  Least least;
  std::size_t body_limit;               // bytes
  std::vector<std::string_view> query;  // names that may be given
  Answer (*handler)(Service&, const Call&);
  void (*exchange)(Service&, const Call&, http::Exchange&) = nullptr;  // set: the route streams both ways
};

// One request at its route, its caller known.
struct Call {
  const http::Request& request;
  const Route& route;
  std::map<std::string, std::string> params;
  identity::Caller caller;
  conductor::Remember remember;  // goes with the command of a request that has an Idempotency-Key
  [[nodiscard]] const std::string& param(const char* name) const { return params.at(name); }
  [[nodiscard]] const pipeline::Actor& actor() const { return caller.actor; }
};

const std::vector<Route>& routes();

// The parameters when `path` fits `pattern`.
std::optional<std::map<std::string, std::string>> match(std::string_view pattern, std::string_view path);

inline bool is_git(const Route& route) { return std::string_view(route.pattern).starts_with("/git/"); }

// --- the handlers, by resource; each file of the same name has them ---
Answer healthz(Service&, const Call&);  // server_figures.cc
Answer readyz(Service&, const Call&);
Answer metrics(Service&, const Call&);
Answer openapi(Service&, const Call&);
Answer list_regions(Service&, const Call&);
Answer add_region(Service&, const Call&);
Answer remove_region(Service&, const Call&);
Answer list_findings(Service&, const Call&);

Answer sign_in(Service&, const Call&);  // credentials.cc
Answer sign_out(Service&, const Call&);
Answer show_me(Service&, const Call&);
Answer list_tokens(Service&, const Call&);
Answer create_token(Service&, const Call&);
Answer revoke_token(Service&, const Call&);

Answer list_stacks(Service&, const Call&);  // stacks.cc
Answer create_stack(Service&, const Call&);
Answer show_stack(Service&, const Call&);
Answer change_stack(Service&, const Call&);
Answer delete_stack(Service&, const Call&);

Answer list_stages(Service&, const Call&);  // stages.cc
Answer add_stage(Service&, const Call&);
Answer show_stage(Service&, const Call&);
Answer change_stage(Service&, const Call&);
Answer delete_stage(Service&, const Call&);

Answer list_keys(Service&, const Call&);  // keys.cc
Answer create_key(Service&, const Call&);
Answer revoke_key(Service&, const Call&);
Answer purge_cache(Service&, const Call&);

Answer list_certificates(Service&, const Call&);  // certificates.cc
Answer renew_certificate(Service&, const Call&);
Answer set_certificate(Service&, const Call&);
Answer remove_certificate(Service&, const Call&);

Answer show_database(Service&, const Call&);  // databases.cc
Answer list_stage_backups(Service&, const Call&);
Answer list_backups(Service&, const Call&);
Answer back_up_database(Service&, const Call&);
Answer restore_database(Service&, const Call&);
Answer copy_database(Service&, const Call&);
Answer open_database_session(Service&, const Call&);
Answer delete_backup(Service&, const Call&);

Answer show_variables(Service&, const Call&);  // variables.cc
Answer replace_variables(Service&, const Call&);
Answer merge_variables(Service&, const Call&);
Answer copy_variables(Service&, const Call&);
Answer show_variables_history(Service&, const Call&);  // variables_history.cc

Answer show_approval(Service&, const Call&);  // approvals.cc
Answer approve(Service&, const Call&);
Answer reject(Service&, const Call&);
Answer list_approvals(Service&, const Call&);

Answer retry(Service&, const Call&);  // acts.cc
Answer redeploy(Service&, const Call&);
Answer rollback(Service&, const Call&);
Answer promote(Service&, const Call&);
Answer pause(Service&, const Call&);
Answer resume(Service&, const Call&);
Answer cancel(Service&, const Call&);

Answer list_changes(Service&, const Call&);  // history.cc
Answer show_change(Service&, const Call&);
Answer list_deployments(Service&, const Call&);
Answer show_deployment(Service&, const Call&);
Answer compare_deployment(Service&, const Call&);
Answer list_audit(Service&, const Call&);

Answer read_deployment_log(Service&, const Call&);  // deployment_log.cc
Answer read_stage_log(Service&, const Call&);       // stage_log.cc

Answer show_usage(Service&, const Call&);  // usage.cc
Answer list_usage(Service&, const Call&);

Answer show_prices(Service&, const Call&);  // prices.cc
Answer set_prices(Service&, const Call&);

Answer follow_events(Service&, const Call&);  // events.cc

void git_exchange(Service&, const Call&, http::Exchange&);  // git.cc

}  // namespace sluice::api
