#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "base/time.h"
#include "pipeline/types.h"
#include "postgres/cluster.h"
#include "supervise/supervisor.h"

// The databases that Sluice makes on this machine: one PostgreSQL cluster, made at the first need, its server a service
// of the supervisor, a database a stage in it.
namespace sluice::platform::local {

inline constexpr const char* kDatabaseService = "databases";

class Databases {
 public:
  // `has_port` is told the port of the cluster, before it listens there.
  explicit Databases(std::filesystem::path dir, std::function<void(std::uint16_t)> has_port)
      : dir_(std::move(dir)), has_port_(std::move(has_port)) {}
  // What a killed server left of a copy goes. Before anything is copied.
  void sweep() const;
  // Where a cluster was made, what a killed one left in the way of its next start goes. To be called before the
  // supervisor starts, also when it is started anew; what is wrong is said when somebody needs a database.
  void prepare();
  void supervise_with(const supervise::Supervisor& supervisor) { supervisor_ = supervisor; }

  [[nodiscard]] bool made() const;
  // Its server is a service now, but may still be starting. Made at the first call (seconds).
  Result<postgres::Cluster*> cluster();
  // A cluster that answers; unavailable says what holds it up.
  Result<postgres::Cluster*> ready(Duration at_most, std::stop_token stop = {});

  // Which stages have a database here, on the disk before mark() returns.
  [[nodiscard]] bool has(const pipeline::StageId& stage) const;
  Result<> mark(const pipeline::StageId& stage) const;
  Result<> unmark(const pipeline::StageId& stage) const;
  [[nodiscard]] std::filesystem::path backups() const { return dir_ / "backups"; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }

 private:
  Result<> open();
  std::filesystem::path dir_;
  std::function<void(std::uint16_t)> has_port_;
  std::optional<supervise::Supervisor> supervisor_;
  std::mutex mutex_;
  std::unique_ptr<postgres::Cluster> cluster_;
  bool served_ = false;
};

}  // namespace sluice::platform::local
