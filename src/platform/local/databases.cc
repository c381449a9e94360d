#include "platform/local/databases.h"

#include <system_error>

#include "base/files.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {

bool Databases::made() const {
  std::error_code error;
  return fs::exists(dir_ / "postgres" / "cluster", error);
}

void Databases::sweep() const {
  std::error_code error;
  for (fs::directory_iterator it(dir_, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with("copy-") && it->path().extension() == ".dump") fs::remove(it->path(), ignored);
  }
}

void Databases::prepare() {
  const std::lock_guard lock(mutex_);
  if (made()) (void)open();
  served_ = false;
}

Result<> Databases::open() {
  if (cluster_) return {};
  if (auto dirs = make_dirs(dir_, 0700); !dirs) return dirs;
  auto opened = postgres::Cluster::open({dir_ / "postgres"});
  if (!opened) return fail(opened.error());
  cluster_ = std::move(*opened);
  has_port_(cluster_->port());
  return {};
}

Result<postgres::Cluster*> Databases::cluster() {
  const std::lock_guard lock(mutex_);
  if (auto opened = open(); !opened) return fail(opened.error());
  if (!served_) {
    supervise::Service service;
    service.name = kDatabaseService;
    service.argv = cluster_->command();
    service.cwd = cluster_->folder();
    service.log_dir = dir_ / "log";
    service.down_signal = "SIGINT";
    static_assert(postgres::Cluster::kStopSignal == SIGINT);
    if (auto added = supervisor_->add({service}); !added) return fail(added.error().while_("starting the databases"));
    served_ = true;
  }
  return cluster_.get();
}

Result<postgres::Cluster*> Databases::ready(Duration at_most, std::stop_token stop) {
  auto there = cluster();
  if (!there) return there;
  if (auto answers = (*there)->await(at_most, std::move(stop)); !answers) return fail(answers.error());
  return there;
}

bool Databases::has(const pipeline::StageId& stage) const {
  std::error_code error;
  return fs::exists(dir_ / "stages" / stage.value, error);
}

Result<> Databases::mark(const pipeline::StageId& stage) const {
  if (has(stage)) return {};
  if (auto dirs = make_dirs(dir_ / "stages", 0700); !dirs) return dirs;
  return write_file(dir_ / "stages" / stage.value, "", 0600);
}

Result<> Databases::unmark(const pipeline::StageId& stage) const { return remove_tree(dir_ / "stages" / stage.value); }

}  // namespace sluice::platform::local
