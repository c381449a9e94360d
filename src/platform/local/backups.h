#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/database.h"
#include "postgres/cluster.h"

// Backups as files: DIR/STAGE/NAME.dump, and NAME.json beside it once it is whole.
namespace sluice::platform::local {

class Backups {
 public:
  explicit Backups(std::filesystem::path dir) : dir_(std::move(dir)) {}
  // All there are, newest first; of one stage.
  [[nodiscard]] std::vector<Backup> all() const;
  [[nodiscard]] std::vector<Backup> of(const pipeline::StageId& stage) const;
  // not_found says how to see those there are.
  Result<Backup> find(const std::string& name) const;
  [[nodiscard]] std::filesystem::path file(const Backup& backup) const;
  // `about` says everything but name, size and digest. One at a time a stage.
  Result<Backup> make(const postgres::Cluster& cluster, Backup about, const postgres::Limits& limits) const;
  Result<> remove(const Backup& backup) const;
  // Stated policy (docs/database.md): of daily ones the newest kKeptDays, and the newest of each of kKeptWeeks weeks;
  // of replaced ones the newest kKeptReplaced. All others stay until a person deletes them.
  Result<> prune(const pipeline::StageId& stage) const;
  static constexpr std::size_t kKeptDays = 7, kKeptWeeks = 4, kKeptReplaced = 3;

 private:
  std::filesystem::path dir_;
};

}  // namespace sluice::platform::local
