#include "platform/local/records.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/codec.h"
#include "base/files.h"
#include "base/replace_file.h"
#include "sandbox/sandbox.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

template <class T>
Result<T> load_file(const fs::path& path) {
  auto text = read_file(path);
  if (!text) return fail(text.error());
  boost::json::error_code bad;
  auto value = boost::json::parse(*text, bad);
  if (bad) return fail(ErrorKind::failed, path.string() + " is damaged: " + bad.message());
  auto read = codec::read<T>(value);
  if (!read) return fail(read.error().while_("reading " + path.string()));
  return read;
}

template <class T>
Result<> save_file(const fs::path& path, const T& value) {
  if (auto made = make_dirs(path.parent_path(), 0700); !made) return made;
  return replace_file(path, boost::json::serialize(codec::write(value)), 0600);
}

bool there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<> sync_path(const fs::path& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::failed, "cannot open " + path.string() + ": " + std::strerror(errno));
  bool good = ::fsync(fd) == 0;
  int number = errno;
  ::close(fd);
  return good ? Result<>{} : fail(ErrorKind::failed, "cannot write " + path.string() + ": " + std::strerror(number));
}

}  // namespace

Result<Fence> Records::fence(const pipeline::StageId& stage) const {
  // One that a power failure cut short is as none: whatever could come late ended with it.
  auto fence = load_file<Fence>(dir(stage) / "fence");
  return fence ? *fence : Fence{};
}

Result<> Records::save(const pipeline::StageId& stage, const Fence& fence) const {
  return save_file(dir(stage) / "fence", fence);
}

Result<Record> Records::load(const pipeline::StageId& stage, const pipeline::DeploymentId& id) const {
  auto path = dir(stage, id) / "record";
  if (!there(path)) return fail(ErrorKind::not_found, "nothing is here of deployment " + id.value);
  return load_file<Record>(path);
}

Result<> Records::save(const Record& record) const {
  return save_file(dir(record.stage, record.deployment) / "record", record);
}

Result<> Records::sync(const Record& record) const {
  auto folder = dir(record.stage, record.deployment);
  std::vector<fs::path> paths{folder / "record", folder, dir(record.stage), root_};
  for (const char* name : {sandbox::kEnvironment, "."}) {
    if (there(env_dir(record) / name)) paths.push_back(env_dir(record) / name);
  }
  for (const auto& path : paths) {
    if (auto synced = sync_path(path); !synced) return synced;
  }
  return {};
}

Result<> Records::forget(const Record& record) const { return remove_tree(dir(record.stage, record.deployment)); }

std::vector<Record> Records::all(const pipeline::StageId& stage) const {
  std::vector<Record> found;
  std::error_code error;
  for (fs::directory_iterator it(dir(stage), error), end; !error && it != end; it.increment(error)) {
    auto record = load_file<Record>(it->path() / "record");
    if (record) found.push_back(std::move(*record));
  }
  std::sort(found.begin(), found.end(), [](const Record& a, const Record& b) { return a.attempt < b.attempt; });
  return found;
}

Result<> Records::drop_damaged(const pipeline::StageId& stage) const {
  std::vector<fs::path> damaged;
  std::error_code error;
  for (fs::directory_iterator it(dir(stage), error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error) && !load_file<Record>(it->path() / "record")) damaged.push_back(it->path());
  }
  for (const auto& path : damaged) {
    if (auto gone = remove_tree(path); !gone) return gone;
  }
  return {};
}

std::vector<pipeline::StageId> Records::stages() const {
  std::vector<pipeline::StageId> found;
  std::error_code error;
  for (fs::directory_iterator it(root_, error), end; !error && it != end; it.increment(error)) {
    found.push_back({it->path().filename().string()});
  }
  return found;
}

}  // namespace sluice::platform::local
