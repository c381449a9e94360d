#include "build/mend.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "base/codec.h"
#include "base/files.h"
#include "build/artifacts.h"
#include "build/builder.h"

namespace sluice::build {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostJson = 1u << 20;

template <class T>
Result<T> read_json(const fs::path& path) {
  const auto text = read_file(path, kMostJson);
  if (!text) return fail(text.error());
  boost::json::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error) return fail(ErrorKind::failed, path.filename().string() + " is no JSON");
  return codec::read<T>(value);
}

bool same_content(const fs::path& a, const fs::path& b) {
  std::ifstream one(a, std::ios::binary), other(b, std::ios::binary);
  constexpr std::size_t kPiece = 64u << 10;
  std::string left(kPiece, '\0'), right(kPiece, '\0');
  while (one && other) {
    one.read(left.data(), kPiece);
    other.read(right.data(), kPiece);
    const auto got = one.gcount();
    if (got != other.gcount() || !std::equal(left.begin(), left.begin() + got, right.begin())) return false;
  }
  return one.eof() && other.eof();
}

bool same(const fs::path& a, const fs::path& b) {
  struct stat one {
  }, other{};
  if (::lstat(a.c_str(), &one) != 0 || ::lstat(b.c_str(), &other) != 0) return false;
  if (one.st_mode != other.st_mode) return false;
  if (S_ISDIR(one.st_mode)) return true;
  std::error_code error;
  if (S_ISLNK(one.st_mode)) return fs::read_symlink(a, error) == fs::read_symlink(b, error);
  return one.st_size == other.st_size && same_content(a, b);
}

tl::unexpected<Error> cannot(const fs::path& path, int number = errno) {
  return fail(ErrorKind::failed, "cannot mend " + path.string() + ": " + std::strerror(number));
}

// A folder of an artifact is read-only; it is again when this ends.
class Opened {
 public:
  explicit Opened(fs::path folder) : folder_(std::move(folder)) { ::chmod(folder_.c_str(), 0755); }
  ~Opened() { ::chmod(folder_.c_str(), 0555); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  fs::path folder_;
};

Result<> replace(const fs::path& fresh, const fs::path& kept) {
  const Opened there(kept.parent_path()), here(fresh.parent_path());
  if (auto gone = remove_tree(kept); !gone) return gone;
  struct stat info {};
  if (::lstat(fresh.c_str(), &info) != 0) return cannot(fresh);
  // A folder is made, not moved: its content is looked at next.
  if (S_ISDIR(info.st_mode)) return ::mkdir(kept.c_str(), 0755) == 0 ? Result<>{} : cannot(kept);
  return ::rename(fresh.c_str(), kept.c_str()) == 0 ? Result<>{} : cannot(kept);
}

Result<std::int64_t> mend_tree(const fs::path& kept, const fs::path& fresh) {
  std::int64_t mended = 0;
  std::error_code error;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fresh, error)) names.insert(entry.path().filename());
  if (error) return cannot(fresh, error.value());
  std::set<std::string> strays;
  for (const auto& entry : fs::directory_iterator(kept, error)) strays.insert(entry.path().filename());
  if (error) return cannot(kept, error.value());
  for (const auto& name : names) {
    strays.erase(name);
    const bool is_folder = fs::is_directory(fs::symlink_status(fresh / name, error));
    if (!same(kept / name, fresh / name)) {
      if (!is_folder || !fs::is_directory(fs::symlink_status(kept / name, error))) {
        if (auto replaced = replace(fresh / name, kept / name); !replaced) return fail(replaced.error());
      }
      ++mended;
    }
    if (!is_folder) continue;
    const auto below = mend_tree(kept / name, fresh / name);
    if (!below) return below;
    mended += *below;
    ::chmod((kept / name).c_str(), 0555);
  }
  for (const auto& name : strays) {
    const Opened there(kept);
    if (auto gone = remove_tree(kept / name); !gone) return fail(gone.error());
    ++mended;
  }
  return mended;
}

}  // namespace

Result<> look_over(const fs::path& artifact) {
  const auto plan = read_json<Plan>(artifact / "plan.json");
  if (!plan) return fail(plan.error());
  const auto meta = read_json<Meta>(artifact / "meta.json");
  if (!meta) return fail(meta.error());
  std::int64_t entries = 0, bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(artifact / "tree", error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0) continue;
    ++entries;
    if (S_ISREG(info.st_mode)) bytes += info.st_size;
  }
  if (error) return fail(ErrorKind::failed, "its files cannot be listed: " + error.message());
  if (entries != meta->entries)
    return fail(ErrorKind::failed, fmt::format("it has {} files and folders, not {}", entries, meta->entries));
  if (bytes != meta->bytes)
    return fail(ErrorKind::failed, fmt::format("its files have {} bytes, not {}", bytes, meta->bytes));
  return {};
}

Result<std::int64_t> mend(const fs::path& kept, const fs::path& fresh) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(kept / "tree", error))) {
    if (auto gone = remove_tree(kept / "tree"); !gone) return fail(gone.error());
    if (auto made = make_dirs(kept / "tree", 0755); !made) return fail(made.error());
  }
  auto mended = mend_tree(kept / "tree", fresh / "tree");
  if (!mended) return mended;
  ::chmod((kept / "tree").c_str(), 0555);
  for (const char* name : {"plan.json", "meta.json"}) {
    // Two builds of the same differ in when they were made, which is no damage.
    const bool good = std::string(name) == "meta.json" ? read_json<Meta>(kept / name).has_value()
                                                       : same_content(kept / name, fresh / name);
    if (good) continue;
    if (::rename((fresh / name).c_str(), (kept / name).c_str()) != 0) return cannot(kept / name);
    ++*mended;
  }
  return mended;
}

}  // namespace sluice::build
