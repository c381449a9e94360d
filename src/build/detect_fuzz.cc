#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "build/builder.h"
#include "build/procfile.h"
#include "build/sluice_toml.h"

// What a pushed repository says about itself: one file of it is what the fuzzer wrote, beside others that make it
// count.
namespace {

namespace fs = std::filesystem;
using sluice::build::Plan;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

bool has_nul(std::string_view text) { return text.find('\0') != text.npos; }

void check_error(const sluice::Error& error) {
  require(!error.message.empty(), "an error says something");
  for (const char c : error.message) require(c != '\0' && c != '\n' && c != '\x1b', "an error is one plain line");
}

void check_plan(const Plan& plan) {
  using namespace std::chrono_literals;
  require(!plan.run.empty(), "a plan says how to run");
  for (const auto* command : {&plan.run, &plan.build, &plan.release, &plan.verify})
    require(!has_nul(*command), "no program can be given a NUL byte");
  require(plan.health_path.starts_with('/') && plan.health_path.find_first_of("\r\n\t ") == std::string::npos,
          "a path is fit for a request");
  require(plan.health_timeout >= 1s && plan.health_interval >= 100ms && plan.build_timeout >= 1s, "times are sane");
  require(plan.memory >= 0 && plan.build_memory >= 0 && plan.cpus >= 0 && plan.cpus <= 1024, "limits are sane");
}

class Folder {
 public:
  Folder() {
    // In memory where that can be, as this writes thousands of files a second.
    std::string name =
        (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "sluice-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr, "a folder can be made");
    path_ = name;
  }
  ~Folder() { (void)sluice::remove_tree(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void put(const std::string& name, std::string_view bytes) const {
    std::FILE* file = std::fopen((path_ / name).c_str(), "wb");
    require(file != nullptr, "a file can be written");
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  void remove(const std::string& name) const { ::unlink((path_ / name).c_str()); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

constexpr std::array<const char*, 8> kFiles = {"sluice.toml",    "Procfile",   "package.json",   "requirements.txt",
                                               "pyproject.toml", "Cargo.toml", "CMakeLists.txt", "start.sh"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Folder* folder = [] {
    static const Folder made;
    for (const char* name : {"server.js", "app.py"}) made.put(name, "");
    return &made;
  }();
  const std::string file = kFiles[data[0] % kFiles.size()];
  folder->put(file, {reinterpret_cast<const char*>(data) + 1, size - 1});
  // So that what sluice.toml or a Procfile says is reached also where it says only a half.
  const bool helped = (data[0] & 0x80) != 0 && file != "start.sh";
  if (helped) folder->put("start.sh", "");
  const auto plan = sluice::build::detect(folder->path());
  if (plan)
    check_plan(*plan);
  else
    check_error(plan.error());
  folder->remove(file);
  if (helped) folder->remove("start.sh");
  return 0;
}
