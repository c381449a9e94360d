#pragma once
#include <string>
#include <utility>

#include "postgres/cluster.h"

namespace sluice::postgres {

// Given back when it ends.
class Cluster::Hold {
 public:
  Hold(const Cluster& cluster, std::string name) : cluster_(&cluster), name_(std::move(name)) {}
  Hold(Hold&& other) noexcept : cluster_(std::exchange(other.cluster_, nullptr)), name_(std::move(other.name_)) {}
  Hold& operator=(Hold&&) = delete;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    if (!cluster_) return;
    const std::lock_guard lock(cluster_->mutex_);
    auto at = cluster_->held_.find(name_);
    if (--at->second <= 0) cluster_->held_.erase(at);
  }

 private:
  const Cluster* cluster_;
  std::string name_;
};

}  // namespace sluice::postgres
