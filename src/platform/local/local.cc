#include "platform/local/local.h"
#include "platform/local/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/files.h"
#include "logs/keeping.h"
#include "platform/local/ailing.h"
#include "platform/local/instances.h"
#include "platform/local/returning.h"
#include "platform/local/running.h"
#include "platform/local/site.h"
#include "platform/local/steps.h"
#include "platform/local/watch.h"
#include "postgres/try_url.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::platform {

struct LocalPlatform::State : local::Site {
  std::jthread watch;
};

namespace {

fs::path supervisor_dir(const fs::path& data) { return data / "s6"; }

}  // namespace

LocalPlatform::LocalPlatform(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalPlatform::~LocalPlatform() = default;

Result<std::unique_ptr<LocalPlatform>> LocalPlatform::start(Options options, logs::Logs& logs, build::Builder& builder,
                                                            const sandbox::Sandbox& sandbox, const Clock& clock) {
  std::error_code error;
  options.data = fs::absolute(options.data, error);
  if (auto made = make_dirs(options.data / "stages", 0700); !made) return fail(made.error());
  auto gateway = gateway::Gateway::open(
      {options.data / "gateway", options.gateway_address, options.gateway_port, options.gateway_tls_port});
  if (!gateway) return fail(gateway.error());
  for (const auto port : {(*gateway)->port(), (*gateway)->tls_port()}) sandbox.reserve(port);
  auto databases = std::make_unique<local::Databases>(options.data / "databases",
                                                      [&sandbox](std::uint16_t port) { sandbox.reserve(port); });
  databases->sweep();
  databases->prepare();
  auto supervisor = supervise::Supervisor::ensure(supervisor_dir(options.data));
  if (!supervisor) return fail(supervisor.error());

  if (auto added = supervisor->add({local::gateway_service(**gateway)}); !added)
    return fail(added.error().while_("starting the gateway"));
  if (auto answers = (*gateway)->await(15s); !answers) return fail(answers.error());

  databases->supervise_with(*supervisor);
  local::Records records(options.data / "stages");
  if (!options.ports) options.ports = std::make_shared<local::TakenPorts>();
  local::Backups backups(options.backups.empty() ? databases->backups() : options.backups);
  std::unique_ptr<State> state(new State{{std::move(options),
                                          logs,
                                          builder,
                                          sandbox,
                                          clock,
                                          std::move(*supervisor),
                                          std::move(*gateway),
                                          std::move(records),
                                          std::move(databases),
                                          std::move(backups),
                                          {},
                                          {},
                                          {},
                                          {},
                                          {},
                                          {}},
                                         {}});
  for (const auto& stage : state->records.stages()) {
    for (const auto& record : state->records.all(stage)) {
      for (const auto& instance : record.instances) state->options.ports->add(instance.port);
    }
  }
  auto* site = state.get();
  state->watch = std::jthread([site, supervised = supervisor_dir(state->options.data)](const std::stop_token& stop) {
    local::keep_supervised(*site, supervised, stop);
  });
  return std::unique_ptr<LocalPlatform>(new LocalPlatform(std::move(state)));
}

void LocalPlatform::let_go() {
  state_->watch.request_stop();
  if (state_->watch.joinable()) state_->watch.join();
}

Advance LocalPlatform::advance(const pipeline::Work& work, Context& context) {
  using pipeline::WorkKind;
  switch (work.kind) {
    case WorkKind::build:
      return Error{ErrorKind::internal, "building is the builder's work", {}};
    case WorkKind::publish:
      return local::publish(*state_, work, context);
    case WorkKind::provision:
      return local::provision(*state_, work, context);
    case WorkKind::release:
      return local::release(*state_, work, context);
    case WorkKind::start:
      return local::start(*state_, work, context);
    case WorkKind::verify:
      return local::verify(*state_, work, context);
    case WorkKind::switch_over:
      return local::switch_over(*state_, work, context);
    case WorkKind::discard:
      return local::discard(*state_, work, context);
    case WorkKind::scale:
      return local::scale(*state_, work, context);
    case WorkKind::retire:
      return local::retire(*state_, work, context);
    case WorkKind::remove:
      return local::remove(*state_, work, context);
    case WorkKind::back_up:
      return local::back_up(*state_, work, context);
    case WorkKind::restore:
      return local::restore(*state_, work, context);
    case WorkKind::copy_database:
      return local::copy_database(*state_, work, context);
  }
  return Error{ErrorKind::internal, "work of an unknown kind", {}};
}

bool LocalPlatform::at_once(const pipeline::Work& work) const {
  using pipeline::WorkKind;
  if (work.kind == WorkKind::publish) return true;
  if (work.kind == WorkKind::provision) {
    const auto route = state_->gateway->find(work.stage.value);
    const bool asks_database = work.config.database != pipeline::DatabaseKind::none;
    return route && !asks_database && route->host == local::host_of(work.stack_name, work.stage_name);
  }
  if (work.kind != WorkKind::release && work.kind != WorkKind::verify) return false;
  const auto plan = state_->builder.plan(work.deployment.artifact);
  return plan && (work.kind == WorkKind::release ? plan->release : plan->verify).empty();
}

std::string LocalPlatform::url(const std::string& stack, const std::string& stage) const {
  return state_->url(stack, stage);
}

std::uint16_t LocalPlatform::gateway_port() const { return state_->gateway->port(); }

std::uint16_t LocalPlatform::gateway_tls_port() const { return state_->gateway->tls_port(); }

bool LocalPlatform::knows(const pipeline::StageId& stage) const { return !state_->records.all(stage).empty(); }

bool LocalPlatform::answers_at(const std::string& domain) const { return state_->gateway->id_of(domain).has_value(); }

Result<> LocalPlatform::reconcile(const std::vector<std::shared_ptr<const pipeline::Stack>>& stacks) {
  return local::reconcile(*state_, stacks);
}

Result<> LocalPlatform::set_keys(const pipeline::StageId& stage, const std::vector<pipeline::AccessKey>& keys) {
  auto held = state_->hold(stage);
  const auto told = local::keys_of(keys);
  {
    std::lock_guard lock(state_->mutex);
    state_->keys[stage] = told;
  }
  return state_->gateway->find(stage.value) ? state_->gateway->set_keys(stage.value, told) : Result<>{};
}

Result<> LocalPlatform::set_domains(const pipeline::StageId& stage, const std::vector<std::string>& domains) {
  auto held = state_->hold(stage);
  const auto route = state_->gateway->find(stage.value);
  if (!route) return {};
  for (const auto& domain : route->others) {
    if (std::find(domains.begin(), domains.end(), domain) != domains.end()) continue;
    if (auto removed = state_->gateway->remove_certificate(domain); !removed) return removed;
  }
  return state_->gateway->set_hosts(stage.value, domains);
}

Result<Time> LocalPlatform::set_certificate(const std::string& domain, const std::string& pem) {
  if (auto set = state_->gateway->set_certificate(domain, pem, state_->clock.now()); !set) return fail(set.error());
  return state_->gateway->certificates()[domain].until;
}

Result<> LocalPlatform::remove_certificate(const std::string& domain) {
  return state_->gateway->remove_certificate(domain);
}

std::map<std::string, gateway::Term> LocalPlatform::certificates() const { return state_->gateway->certificates(); }

Result<> LocalPlatform::set_challenge(const std::string& token, const std::string& answer) {
  return state_->gateway->set_challenge(token, answer);
}

Result<> LocalPlatform::purge_cache(const pipeline::StageId& stage) {
  return state_->gateway->find(stage.value) ? state_->gateway->purge(stage.value) : Result<>{};
}

DatabaseFacts LocalPlatform::database(const pipeline::StageId& stage) {
  DatabaseFacts out;
  out.made = state_->databases->has(stage);
  if (!out.made) return out;
  auto cluster = state_->databases->ready(1s);
  const auto bytes = cluster ? (*cluster)->size(stage.value) : Result<std::int64_t>(fail(cluster.error()));
  out.answers = bytes.has_value();
  if (bytes) out.bytes = *bytes;
  if (!bytes) out.problem = bytes.error().message;
  return out;
}

Result<DatabaseLogin> LocalPlatform::database_login(const pipeline::StageId& stage) {
  constexpr Duration kValidFor = 1h;
  if (!state_->databases->has(stage))
    return fail(ErrorKind::not_found, "the stage has no database here yet: it comes with its first deployment");
  auto cluster = state_->databases->ready(5s);
  if (!cluster) return fail(cluster.error());
  (void)(*cluster)->forget_sessions();
  auto url = (*cluster)->session(stage.value, kValidFor);
  if (!url) return fail(url.error());
  return DatabaseLogin{url->host, url->port, url->user, url->password, url->database, state_->clock.now() + kValidFor};
}

std::vector<Backup> LocalPlatform::backups() const { return state_->backups.all(); }

Result<> LocalPlatform::remove_backup(const std::string& name) {
  auto backup = state_->backups.find(name);
  return backup ? state_->backups.remove(*backup) : fail(backup.error());
}

Result<std::string> LocalPlatform::dump(const pipeline::StageId& stage, const fs::path& file, std::stop_token stop) {
  return local::dump(*state_, stage, file, std::move(stop));
}

Result<TriedDatabase> LocalPlatform::try_database(const std::string& text) {
  const auto url = postgres::Url::parse(text);
  if (!url) return fail(url.error());
  const auto tried = postgres::try_url(*url);
  if (!tried) return fail(tried.error());
  TriedDatabase out;
  out.at = fmt::format("{}@{}:{}/{}", url->user, url->host, url->port, url->database);
  out.version = tried->version;
  if (tried->schema.empty()) {
    out.notice = "Its user finds no schema in its search path: statements must name one.";
  } else if (!tried->may_create_tables) {
    out.notice =
        fmt::format("Its user may not make tables in the schema {}: migrations that do will fail.", tried->schema);
  }
  return out;
}

Result<> LocalPlatform::on_wanted(std::function<void(const pipeline::StageId& stage)> wanted) {
  return state_->gateway->on_wanted([told = std::move(wanted)](const std::string& id) { told(pipeline::StageId{id}); });
}

Result<std::map<pipeline::StageId, gateway::Use>> LocalPlatform::usage() {
  auto all = state_->gateway->usage();
  if (!all) return fail(all.error());
  std::map<pipeline::StageId, gateway::Use> out;
  for (const auto& [id, use] : *all) out[pipeline::StageId{id}] = use;
  return out;
}

Result<logs::Lines> LocalPlatform::access_lines(const std::string& stack_name, const std::string& stage_name,
                                                std::optional<Time> since, const std::string& cursor, std::size_t limit,
                                                const std::function<bool(std::string_view)>& keep) const {
  // Of the stage that has the address now: one of the same name that was deleted is another (R2.3).
  const auto prefix = state_->gateway->id_of(local::host_of(stack_name, stage_name)).value_or("none") + " ";
  auto lines = logs::read_logger(access_dir(), since, cursor, limit, [&](std::string_view text) {
    return text.starts_with(prefix) && (!keep || keep(text.substr(prefix.size())));
  });
  if (!lines) return lines;
  for (auto& line : lines->lines) line.text.erase(0, prefix.size());
  return lines;
}

void LocalPlatform::clean_runtime_log(const pipeline::StackId& stack, const pipeline::StageId& stage) const {
  local::clean_runtime_logs(*state_, stack, stage);
}

void LocalPlatform::clean_access_log() const { logs::clean_logger(access_dir(), state_->clock.now()); }

fs::path LocalPlatform::access_dir() const { return state_->gateway->folder() / "access"; }

std::vector<RunningInstance> LocalPlatform::running() const { return local::running(*state_); }

std::vector<AilingInstance> LocalPlatform::ailing() const { return local::ailing(*state_); }

std::map<pipeline::StageId, std::string> LocalPlatform::absent() const { return local::absent(*state_); }

Result<> LocalPlatform::down(const fs::path& data) {
  return supervise::Supervisor::down(supervisor_dir(data), local::kStopGrace, {local::kGatewayService},
                                     {local::kDatabaseService});
}

}  // namespace sluice::platform
