#pragma once
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "platform/local/local.h"
#include "platform/region.h"

// Every region is a local platform of its own: supervisor, gateway, instances and databases, in a folder of its own.
// The home region is in the data directory itself, the others are in DATA/regions/NAME; a region.json there says that
// it was added. One that does not start holds up its own stages only, and is tried again every few seconds.
namespace sluice::platform {

class Regions final : public Platform {
 public:
  // What every region shares; all of it outlives the regions.
  struct Shared {
    logs::Logs& logs;
    build::Builder& builder;
    const sandbox::Sandbox& sandbox;
    const Clock& clock;
  };
  using Stacks = std::vector<std::shared_ptr<const pipeline::Stack>>;

  // Starts the home region. An Error names what is in the way (a port that is taken, a program missing).
  static Result<std::unique_ptr<Regions>> start(LocalPlatform::Options home, Shared shared);
  ~Regions() override;  // stops nothing that runs in them

  // To be called once, before any work begins, as LocalPlatform::reconcile. Starts the regions that were added, and
  // waits a few seconds for them. `stacks` tells what there is, now and when a region that was down comes back; on any
  // thread, until the destructor returns. The Error is of the home region; what is wrong with another stands in all().
  Result<> reconcile(std::function<Result<Stacks>()> stacks);

  // In use when it returns. invalid names `name`, `gateway` or `gateway_tls`; conflict: it exists. Nothing is left of
  // one that does not start.
  Result<RegionState> add(const Region& region);
  // Ends and removes everything of it but the backups of its databases. The caller has made sure that no stage is in it
  // and none is being made. not_found; invalid: the home region.
  Result<> remove(const std::string& name);
  // The home region first, the others by name. Ports as they are.
  [[nodiscard]] std::vector<RegionState> all() const;

  // A region that is down: steps of a deployment wait for it, chores are told so.
  Advance advance(const pipeline::Work& work, Context& context) override;
  [[nodiscard]] bool at_once(const pipeline::Work& work) const override;
  // "http://STAGE.STACK.localhost:PORT"; of a region that is down, too.
  [[nodiscard]] std::string url(const std::string& stack_name, const pipeline::Stage& stage) const;

  // As LocalPlatform's own. A region that is down is told when it comes back.
  Result<> set_keys(const pipeline::Stage& stage);
  Result<> set_domains(const pipeline::Stage& stage);
  // Of the region of the stage, or of the stage that has the domain (home where none has); unavailable where it is
  // down.
  Result<> purge_cache(const pipeline::Stage& stage);
  Result<Time> set_certificate(const std::string& domain, const std::string& pem);
  Result<> remove_certificate(const std::string& domain);
  // Of all regions that are up.
  [[nodiscard]] std::map<std::string, gateway::Term> certificates() const;
  Result<> set_challenge(const std::string& token, const std::string& answer);
  // Whether it is up and has a port for TLS.
  [[nodiscard]] bool takes_certificates(const std::string& region) const;
  [[nodiscard]] DatabaseFacts database(const pipeline::Stage& stage);
  Result<DatabaseLogin> database_login(const pipeline::Stage& stage);
  [[nodiscard]] std::vector<Backup> backups() const;
  Result<> remove_backup(const std::string& name);
  Result<logs::Lines> access_lines(const std::string& stack_name, const pipeline::Stage& stage,
                                   std::optional<Time> since, const std::string& cursor, std::size_t limit,
                                   const std::function<bool(std::string_view)>& keep) const;
  // As LocalPlatform's own, of all regions that are up.
  Result<> on_wanted(std::function<void(const pipeline::StageId& stage)> wanted);
  Result<std::map<pipeline::StageId, gateway::Use>> usage();
  void clean_logs() const;
  [[nodiscard]] std::vector<std::filesystem::path> access_dirs() const;
  [[nodiscard]] std::vector<RunningInstance> running() const;
  [[nodiscard]] std::vector<AilingInstance> ailing() const;
  [[nodiscard]] std::map<pipeline::StageId, std::string> absent() const;

  // As LocalPlatform::down, of every region of this data directory.
  static Result<> down(const std::filesystem::path& data);

 private:
  Regions(LocalPlatform::Options home, Shared shared);
  using Up = std::shared_ptr<LocalPlatform>;
  struct Place {
    Region region;
    std::filesystem::path folder;
    Up platform;          // null: down
    std::string problem;  // of one that is up: a warning
    std::jthread keeper;  // of one that is down
  };

  struct Started {
    Up platform;
    std::string warning;
  };
  Result<Started> start(const Region& region, const std::filesystem::path& folder);
  void bring_up_to_date(const std::string& region, LocalPlatform& platform) const;
  void ring(const pipeline::StageId& stage) const;
  void keep_trying(const std::string& name, const std::stop_token& stop);
  Result<Up> of(const std::string& region) const;
  [[nodiscard]] std::vector<Up> up() const;
  [[nodiscard]] Result<Up> with_domain(const std::string& domain) const;
  Result<std::string> dump(const pipeline::StageId& stage, const std::filesystem::path& file, std::stop_token stop);

  LocalPlatform::Options home_options_;
  Shared shared_;
  std::function<Result<Stacks>()> stacks_;
  mutable std::mutex mutex_;  // of what follows; never held while a region starts or works
  std::condition_variable_any changed_;
  std::function<void(const pipeline::StageId&)> wanted_;
  std::map<std::string, Place> places_;  // without home
  Up home_;
  std::mutex adding_;  // and removing: one at a time
};

}  // namespace sluice::platform
