#include "app/world.h"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "base/codec.h"
#include "conductor/results.h"
#include "conductor/turn.h"
#include "logs/keeping.h"
#include "logs/masker.h"
#include "postgres/url.h"

namespace sluice::app {
namespace {

using pipeline::Work;
using pipeline::WorkKind;

// The identity of a build but for the toolchain, which the builder adds (R3.2). Lengths keep the parts apart.
std::string build_identity(const Work& work, const secrets::Variables& variables) {
  auto part = [](const std::string& text) { return std::to_string(text.size()) + ":" + text; };
  std::string out = part(work.stack.value) + part(work.deployment.change.commit);
  for (const auto& [name, variable] : variables) out += part(name) + part(variable.value);
  return out;
}

// For work that is nobody's deployment (scaling, retiring, removing): it goes to the server's own log.
class ServerLog final : public logs::Writer {
 public:
  explicit ServerLog(std::string about) : about_(std::move(about)) {}
  void write(std::string_view text) override {
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (!text.empty()) spdlog::debug("{}: {}", about_, text);
  }
  void finish() override {}

 private:
  std::string about_;
};

std::map<std::string, std::string> values(const secrets::Variables& variables) {
  std::map<std::string, std::string> out;
  for (const auto& [name, variable] : variables) out[name] = variable.value;
  return out;
}

std::vector<std::string> masks(const secrets::Settings& settings, const std::string& database_secret) {
  std::vector<std::string> out;
  for (const auto* variables : {&settings.build, &settings.runtime}) {
    for (const auto& [name, variable] : *variables) {
      if (variable.secret) out.push_back(variable.value);
    }
  }
  if (!database_secret.empty()) out.push_back(database_secret);
  if (!settings.database_url) return out;
  if (auto url = postgres::Url::parse(*settings.database_url)) {
    out.push_back(url->text());
    if (!url->password.empty()) out.push_back(url->password);
  }
  return out;
}

// An error may carry the app's own last words, and goes into the events and into answers: no secret with it (R7.1).
std::string masked(const std::string& text, const std::vector<std::string>& values) {
  logs::Masker masker(values);
  std::string out;
  masker.feed(text, out);
  masker.flush(out);
  return out;
}

std::map<std::string, std::string> environment(const Work& work, const secrets::Settings& settings) {
  const auto& change = conductor::is_chore(work.kind) && work.current ? work.current->change : work.deployment.change;
  std::map<std::string, std::string> out{{"SLUICE_STACK", work.stack_name},
                                         {"SLUICE_STAGE", work.stage_name},
                                         {"SLUICE_REGION", work.config.region},
                                         {"SLUICE_CHANGE", std::to_string(change.number)},
                                         {"SLUICE_COMMIT", change.commit}};
  for (const auto& [name, variable] : settings.runtime) out[name] = variable.value;
  return out;
}

void clean_artifacts(store::Store& store, build::Builder& builder) {
  constexpr std::size_t kKeep = 50;
  auto used = store.artifacts_in_use();
  if (!used) return spdlog::warn("cleaning artifacts: {}", used.error().message);
  auto cleaned = builder.clean(*used, kKeep);
  if (!cleaned) return spdlog::warn("cleaning artifacts: {}", cleaned.error().message);
  if (!cleaned->empty()) spdlog::info("cleaned {} artifacts that nothing runs", cleaned->size());
}

void clean_caches(store::Store& store, build::Builder& builder, const std::filesystem::path& caches) {
  std::set<std::string> there;  // listed before the stacks are: a new stack's cache is never taken for an old one's
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(caches, error)) there.insert(entry.path().filename());
  auto stacks = store.load_stacks();
  if (!stacks) return spdlog::warn("cleaning build caches: {}", stacks.error().message);
  for (const auto& stack : *stacks) there.erase(stack.id.value);
  for (const auto& name : there) {
    if (auto gone = builder.forget({name}); !gone) spdlog::warn("cleaning build caches: {}", gone.error().message);
  }
}

}  // namespace

RealWorld::RealWorld(store::Store& store, secrets::Secrets& secrets, logs::Logs& logs, build::Builder& builder,
                     platform::Platform& platform)
    : store_(store), secrets_(secrets), logs_(logs), builder_(builder), platform_(platform) {}

Result<secrets::Settings> RealWorld::settings_of(const Work& work) {
  const bool is_scale = work.kind == WorkKind::scale;
  if (work.kind == WorkKind::discard || (conductor::is_chore(work.kind) && !is_scale)) return secrets::Settings{};
  auto revision = work.deployment.settings_revision;
  if (is_scale) revision = work.current ? work.current->settings_revision : 0;
  auto settings = secrets_.read(work.stage, revision);
  if (!settings) return fail(settings.error().while_("reading settings revision " + std::to_string(revision)));
  return settings;
}

// The password of a database that Sluice makes is derived from the server's key: nothing to lose, nothing to keep in
// step.
std::string RealWorld::database_secret(const Work& work, const secrets::Settings& settings) {
  if (settings.config.database == pipeline::DatabaseKind::created) return secrets_.mac("database", work.stage.value);
  return settings.database_url.value_or("");
}

platform::Advance RealWorld::advance(const Work& work, std::stop_token stop) {
  return conductor::take_turn(
      work, stop, [this](const Work& next) { return platform_.at_once(next); },
      [&](const Work& piece, bool own) { return step(piece, own, stop); });
}

platform::Advance RealWorld::step(const Work& work, bool own, std::stop_token stop) {
  auto settings = settings_of(work);
  if (!settings) return settings.error();
  const auto database = database_secret(work, *settings);
  const auto hidden = masks(*settings, database);

  std::unique_ptr<logs::Writer> log;
  if (conductor::is_chore(work.kind) || work.kind == WorkKind::discard) {
    log = std::make_unique<ServerLog>(work.stack_name + "/" + work.stage_name);
  } else {
    auto opened = logs_.append(
        {work.stack.value, work.stage.value, work.deployment.id.value, codec::enum_name(work.deployment.state)},
        hidden);
    if (!opened) return opened.error();
    log = std::move(*opened);
  }

  platform::Advance result;
  if (work.kind == WorkKind::build) {
    result = build(work, *settings, *log, stop);
  } else {
    platform::Context context{stop, work.deadline, *log, environment(work, *settings), settings->config, database};
    result = platform_.advance(work, context);
  }
  if (auto* error = std::get_if<Error>(&result)) {
    error->message = masked(error->message, hidden);
    if (own && !stop.stop_requested()) log->line("failed: " + error->message);
  }
  const bool begun_again = !own && !std::holds_alternative<platform::Done>(result);
  if (!begun_again && !std::holds_alternative<platform::NotYet>(result)) log->finish();
  return result;
}

platform::Advance RealWorld::build(const Work& work, const secrets::Settings& settings, logs::Writer& log,
                                   std::stop_token stop) {
  const auto& deployment = work.deployment;
  auto reuse = [&](const std::string& artifact, const std::string& why) -> std::optional<platform::Done> {
    if (artifact.empty() || deployment.rebuild || !builder_.reuse(artifact)) return std::nullopt;
    log.line(why + " " + artifact);
    platform::Done done;
    done.artifact = artifact;
    return done;
  };
  if (deployment.artifact_fixed) {
    if (auto done = reuse(deployment.artifact, "rolling back to")) return *done;
    const auto whole = builder_.whole(deployment.artifact);
    log.line((whole ? "building it anew" : whole.error().message + ": building it anew"));
  }
  if (!deployment.artifact_hint.empty() && work.current) {
    auto then = secrets_.read(work.stage, work.current->settings_revision);
    if (then && then->build == settings.build) {
      if (auto done = reuse(deployment.artifact_hint, "the build variables are the same: deploying again"))
        return *done;
    }
  }
  build::BuildInput input;
  input.stack = work.stack;
  input.stack_name = work.stack_name;
  input.commit = deployment.change.commit;
  input.variables = values(settings.build);
  input.key = secrets_.mac("build", build_identity(work, settings.build));
  input.rebuild = deployment.rebuild;
  input.deadline = work.deadline;
  input.stop = stop;
  input.log = &log;
  auto built = builder_.build(input);
  if (!built) return built.error();
  platform::Done done;
  done.artifact = built->artifact;
  done.built = !built->reused;
  return done;
}

Janitor::Janitor(store::Store& store, build::Builder& builder, const sandbox::Sandbox& sandbox,
                 std::filesystem::path caches, std::filesystem::path logs, std::function<void()> clean_logs)
    : thread_([&store, &builder, &sandbox, caches = std::move(caches), logs = std::move(logs),
               clean_logs = std::move(clean_logs)](std::stop_token stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        Duration pause = std::chrono::minutes(1);
        while (!wake.wait_for(lock, stop, pause, [&stop] { return stop.stop_requested(); })) {
          pause = std::chrono::hours(1);
          clean_artifacts(store, builder);
          clean_caches(store, builder, caches);
          logs::clean_deployments(logs, SystemClock().now());
          clean_logs();
          if (sandbox.groups() != nullptr) sandbox.groups()->sweep();
          if (auto fresh = sandbox.refresh(); !fresh) spdlog::warn("{}", fresh.error().message);
        }
      }) {}

}  // namespace sluice::app
