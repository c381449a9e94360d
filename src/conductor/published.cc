#include "conductor/published.h"

#include <algorithm>
#include <mutex>

namespace sluice::conductor {

void Published::publish(const Snapshot& snapshot) {
  Shard& mine = shards_[std::hash<std::string>{}(snapshot->name) % shards_.size()];
  Snapshot before;  // let go of outside the lock
  const std::unique_lock lock(mine.mutex);
  if (!snapshot->gone) {
    before = std::exchange(mine.by_name[snapshot->name], snapshot);
    return;
  }
  const auto found = mine.by_name.find(snapshot->name);
  // Another stack may have the name by now.
  if (found == mine.by_name.end() || found->second->id != snapshot->id) return;
  before = std::move(found->second);
  mine.by_name.erase(found);
}

void Published::replace(const std::vector<Snapshot>& all) {
  std::array<std::unordered_map<std::string, Snapshot>, 32> sorted;
  for (const Snapshot& snapshot : all)
    sorted[std::hash<std::string>{}(snapshot->name) % sorted.size()][snapshot->name] = snapshot;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::unique_lock lock(shards_[i].mutex);
    shards_[i].by_name.swap(sorted[i]);
  }
}

Snapshot Published::find(const std::string& name) const {
  const Shard& mine = shard(name);
  const std::shared_lock lock(mine.mutex);
  const auto found = mine.by_name.find(name);
  return found == mine.by_name.end() ? nullptr : found->second;
}

std::vector<Snapshot> Published::all() const {
  std::vector<Snapshot> out;
  for (const Shard& each : shards_) {
    const std::shared_lock lock(each.mutex);
    for (const auto& [name, snapshot] : each.by_name) out.push_back(snapshot);
  }
  std::sort(out.begin(), out.end(), [](const Snapshot& a, const Snapshot& b) { return a->name < b->name; });
  return out;
}

}  // namespace sluice::conductor
