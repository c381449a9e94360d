#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "platform/local/regions.h"
#include "platform/local/site.h"

// What is said to the regions: each thing to the one whose business it is, or to all.
namespace sluice::platform {
namespace {

namespace fs = std::filesystem;
constexpr Duration kPause = std::chrono::seconds(5);  // of a step that waits for its region

}  // namespace

Advance Regions::advance(const pipeline::Work& work, Context& context) {
  auto platform = of(work.config.region);
  if (platform) return (*platform)->advance(work, context);
  using pipeline::WorkKind;
  const bool waits = work.kind == WorkKind::publish || work.kind == WorkKind::provision ||
                     work.kind == WorkKind::release || work.kind == WorkKind::start || work.kind == WorkKind::verify ||
                     work.kind == WorkKind::switch_over;
  if (!waits) return platform.error();
  const std::string note = "waiting: " + platform.error().message;
  if (work.token != note) context.log.line(note);
  return NotYet{note, note, kPause};
}

bool Regions::at_once(const pipeline::Work& work) const {
  auto platform = of(work.config.region);
  return platform && (*platform)->at_once(work);
}

std::string Regions::url(const std::string& stack_name, const pipeline::Stage& stage) const {
  {
    const std::lock_guard lock(mutex_);
    auto place = places_.find(stage.config.region);
    if (place != places_.end())
      return fmt::format("http://{}:{}", local::host_of(stack_name, stage.name), place->second.region.port);
  }
  return home_->url(stack_name, stage.name);
}

Result<> Regions::set_keys(const pipeline::Stage& stage) {
  auto platform = of(stage.config.region);
  return platform ? (*platform)->set_keys(stage.id, stage.keys) : Result<>{};
}

Result<> Regions::set_domains(const pipeline::Stage& stage) {
  auto platform = of(stage.config.region);
  if (!platform) return {};
  return (*platform)->set_domains(stage.id, stage.config.domains.value_or(std::vector<std::string>{}));
}

Result<> Regions::purge_cache(const pipeline::Stage& stage) {
  auto platform = of(stage.config.region);
  return platform ? (*platform)->purge_cache(stage.id) : fail(platform.error());
}

Result<Regions::Up> Regions::with_domain(const std::string& domain) const {
  const auto there = stacks_();
  if (!there) return fail(there.error());
  for (const auto& stack : *there) {
    for (const auto& stage : stack->stages) {
      const auto& domains = stage.config.domains;
      if (domains && std::find(domains->begin(), domains->end(), domain) != domains->end())
        return of(stage.config.region);
    }
  }
  return home_;
}

Result<Time> Regions::set_certificate(const std::string& domain, const std::string& pem) {
  auto platform = with_domain(domain);
  return platform ? (*platform)->set_certificate(domain, pem) : Result<Time>(fail(platform.error()));
}

Result<> Regions::remove_certificate(const std::string& domain) {
  auto platform = with_domain(domain);
  return platform ? (*platform)->remove_certificate(domain) : fail(platform.error());
}

bool Regions::takes_certificates(const std::string& region) const {
  auto platform = of(region);
  return platform && (*platform)->gateway_tls_port() != 0;
}

std::map<std::string, gateway::Term> Regions::certificates() const {
  std::map<std::string, gateway::Term> out;
  for (const auto& platform : up()) out.merge(platform->certificates());
  return out;
}

Result<> Regions::set_challenge(const std::string& token, const std::string& answer) {
  Result<> done;
  bool taken = false;
  for (const auto& platform : up()) {
    auto set = platform->set_challenge(token, answer);
    taken = taken || set;
    if (!set) done = set;
  }
  return taken ? Result<>{} : done;
}

DatabaseFacts Regions::database(const pipeline::Stage& stage) {
  auto platform = of(stage.config.region);
  if (platform) return (*platform)->database(stage.id);
  DatabaseFacts out;
  out.made = stage.current.has_value();
  out.problem = platform.error().message;
  return out;
}

Result<DatabaseLogin> Regions::database_login(const pipeline::Stage& stage) {
  auto platform = of(stage.config.region);
  return platform ? (*platform)->database_login(stage.id) : Result<DatabaseLogin>(fail(platform.error()));
}

Result<std::string> Regions::dump(const pipeline::StageId& stage, const fs::path& file, std::stop_token stop) {
  for (const auto& platform : up()) {
    auto dumped = platform->dump(stage, file, stop);
    if (dumped || dumped.error().kind != ErrorKind::not_found) return dumped;
  }
  return fail(ErrorKind::unavailable, "the stage to copy from has no database in a region that is there now");
}

std::vector<Backup> Regions::backups() const { return home_->backups(); }

Result<> Regions::remove_backup(const std::string& name) { return home_->remove_backup(name); }

Result<logs::Lines> Regions::access_lines(const std::string& stack_name, const pipeline::Stage& stage,
                                          std::optional<Time> since, const std::string& cursor, std::size_t limit,
                                          const std::function<bool(std::string_view)>& keep) const {
  auto platform = of(stage.config.region);
  if (!platform) return fail(platform.error());
  return (*platform)->access_lines(stack_name, stage.name, since, cursor, limit, keep);
}

Result<> Regions::on_wanted(std::function<void(const pipeline::StageId& stage)> wanted) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = std::move(wanted);
  }
  return home_->on_wanted([this](const pipeline::StageId& stage) { ring(stage); });
}

void Regions::ring(const pipeline::StageId& stage) const {
  std::function<void(const pipeline::StageId&)> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = wanted_;
  }
  if (wanted) wanted(stage);
}

Result<std::map<pipeline::StageId, gateway::Use>> Regions::usage() {
  std::map<pipeline::StageId, gateway::Use> out;
  std::optional<Error> problem;
  for (const auto& platform : up()) {
    auto uses = platform->usage();
    if (uses) {
      out.merge(*uses);
    } else {
      problem = uses.error();
    }
  }
  if (problem && out.empty()) return fail(*problem);
  return out;
}

void Regions::clean_logs() const {
  const auto platforms = up();
  std::error_code error;
  for (fs::directory_iterator stack(shared_.logs.root(), error), end; !error && stack != end; stack.increment(error)) {
    std::error_code unknown;  // no folder, or gone meanwhile
    for (fs::directory_iterator stage(stack->path(), unknown), last; !unknown && stage != last;
         stage.increment(unknown)) {
      const pipeline::StageId id{stage->path().filename().string()};
      auto its = std::find_if(platforms.begin(), platforms.end(), [&](const Up& one) { return one->knows(id); });
      // Of one that is down it is not known which still run.
      if (its == platforms.end() && platforms.size() != all().size()) continue;
      (its == platforms.end() ? home_ : *its)->clean_runtime_log({stack->path().filename().string()}, id);
    }
  }
  for (const auto& platform : platforms) platform->clean_access_log();
}

std::vector<fs::path> Regions::access_dirs() const {
  std::vector<fs::path> out;
  for (const auto& platform : up()) out.push_back(platform->access_dir());
  return out;
}

std::vector<RunningInstance> Regions::running() const {
  std::vector<RunningInstance> out;
  for (const auto& platform : up()) {
    auto some = platform->running();
    out.insert(out.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return out;
}

std::vector<AilingInstance> Regions::ailing() const {
  std::vector<AilingInstance> out;
  for (const auto& platform : up()) {
    auto some = platform->ailing();
    out.insert(out.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return out;
}

std::map<pipeline::StageId, std::string> Regions::absent() const {
  std::map<pipeline::StageId, std::string> out;
  for (const auto& platform : up()) out.merge(platform->absent());
  return out;
}

}  // namespace sluice::platform
