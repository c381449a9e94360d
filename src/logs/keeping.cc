#include "logs/keeping.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/files.h"
#include "logs/logger_folder.h"

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

struct Folder {
  fs::path path;
  Time written{};  // the newest of its files
  std::uint64_t size = 0;
};

std::optional<struct stat> look_at(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

Time written_at(const struct stat& info) {
  return Time(std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::milliseconds(info.st_mtim.tv_nsec / 1'000'000));
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end && !ignored; at.increment(ignored))
    out.push_back(at->path());
  return out;
}

std::vector<fs::path> folders(const fs::path& folder) {
  auto out = entries(folder);
  std::erase_if(out, [](const fs::path& path) {
    const auto info = look_at(path);
    return !info || !S_ISDIR(info->st_mode);
  });
  return out;
}

Folder measured(const fs::path& path) {
  Folder out{path, {}, 0};
  if (const auto own = look_at(path)) out.written = written_at(*own);
  bool first = true;
  for (const auto& file : entries(path)) {
    const auto info = look_at(file);
    if (!info || !S_ISREG(info->st_mode)) continue;
    // The folder's own time says only when a name in it changed.
    out.written = first ? written_at(*info) : std::max(out.written, written_at(*info));
    first = false;
    out.size += static_cast<std::uint64_t>(info->st_size);
  }
  return out;
}

void newest_first(std::vector<Folder>& all) {
  std::ranges::sort(all, [](const Folder& a, const Folder& b) {
    return a.written != b.written ? a.written > b.written : a.path > b.path;
  });
}

}  // namespace

void clean_logger(const fs::path& logger_dir, Time now, const Keeping& keeping) {
  for (const auto& file : logger_files(logger_dir)) {
    if (!file.filename().string().starts_with('@')) continue;
    const auto info = look_at(file);
    std::error_code ignored;
    if (info && now - written_at(*info) > keeping.lines) fs::remove(file, ignored);
  }
}

void clean_runtime(const fs::path& runtime_dir, const std::function<bool(const std::string&)>& lives, Time now,
                   const Keeping& keeping) {
  std::vector<Folder> gone;
  for (const auto& path : folders(runtime_dir)) {
    if (lives(path.filename().string()))
      clean_logger(path, now, keeping);
    else
      gone.push_back(measured(path));
  }
  newest_first(gone);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    bytes += gone[i].size;
    const bool stays =
        i < keeping.gone_instances && bytes <= keeping.gone_bytes && now - gone[i].written <= keeping.lines;
    if (stays)
      clean_logger(gone[i].path, now, keeping);
    else
      (void)remove_tree(gone[i].path);
  }
}

void clean_deployments(const fs::path& root, Time now, const Keeping& keeping) {
  for (const auto& stack : folders(root)) {
    for (const auto& stage : folders(stack)) {
      std::vector<Folder> deployments;
      for (const auto& path : folders(stage))
        if (path.filename() != "runtime") deployments.push_back(measured(path));
      newest_first(deployments);
      for (std::size_t i = keeping.deployments; i < deployments.size(); ++i)
        if (now - deployments[i].written > keeping.steps) (void)remove_tree(deployments[i].path);
    }
  }
}

}  // namespace sluice::logs
