#pragma once
#include <array>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "conductor/conductor.h"

namespace sluice::conductor {

// The newest committed state of every stack, for readers on any thread. A reader takes a pointer under a lock that a
// writer holds only while it changes one; so nobody waits for a decision or a disk.
class Published {
 public:
  // A stack that is gone is taken out.
  void publish(const Snapshot& snapshot);
  void replace(const std::vector<Snapshot>& all);  // nothing else remains
  [[nodiscard]] Snapshot find(const std::string& name) const;
  [[nodiscard]] std::vector<Snapshot> all() const;  // by name

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, Snapshot> by_name;
  };
  [[nodiscard]] const Shard& shard(const std::string& name) const {
    return shards_[std::hash<std::string>{}(name) % shards_.size()];
  }

  std::array<Shard, 32> shards_;
};

}  // namespace sluice::conductor
