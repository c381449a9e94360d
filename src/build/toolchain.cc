#include "build/toolchain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/process.h"
#include "sandbox/sandbox.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

struct Tool {
  const char* name;
  const char* package;  // Debian's
  std::vector<std::string> version;
};
const std::vector<Tool>& tools() {
  static const std::vector<Tool> all = {
      {"node", "nodejs", {"node", "--version"}},
      {"npm", "npm", {"npm", "--version"}},
      {"python3", "python3", {"python3", "-VV"}},
      {"python3-venv", "python3-venv", {"python3", "-c", "import ensurepip; print(ensurepip.version())"}},
      {"go", "golang-go", {"go", "version"}},
      {"cargo", "cargo", {"cargo", "--version"}},
      {"cmake", "cmake", {"cmake", "--version"}},
      {"c++", "g++", {"c++", "--version"}},
      {"php", "php-cli", {"php", "--version"}},
      {"composer", "composer", {"composer", "--version"}},
      {"ruby", "ruby", {"ruby", "--version"}},
      {"bundle", "ruby-bundler", {"bundle", "--version"}},
      {"java", "default-jdk-headless", {"java", "-version"}},
      {"mvn", "maven", {"mvn", "--version"}},
      {"lighttpd", "lighttpd", {"lighttpd", "-v"}},
  };
  return all;
}

const Tool* find_tool(const std::string& name) {
  const auto it = std::find_if(tools().begin(), tools().end(), [&](const Tool& t) { return t.name == name; });
  return it == tools().end() ? nullptr : &*it;
}

// Where the sandbox will find it, in the folders of the system; empty when nowhere. What is installed in somebody's
// home (pyenv, rustup, nvm) is not seen there.
std::string path_of(const std::string& program) {
  std::string_view rest = sandbox::kSystemPath;
  while (!rest.empty()) {
    const auto colon = std::min(rest.find(':'), rest.size());
    const std::string folder(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
    const std::string candidate = folder + "/" + program;
    std::error_code error;
    const fs::path real = fs::canonical(candidate, error);
    if (error || ::access(candidate.c_str(), X_OK) != 0) continue;
    const std::string top = real.string().substr(0, real.string().find('/', 1));
    if (top == "/usr" || top == "/bin" || top == "/sbin" || top == "/lib" || top == "/opt") return candidate;
  }
  return {};
}

std::map<std::string, std::string> plain_environment() {
  return {{"PATH", sandbox::kSystemPath}, {"HOME", "/nonexistent"}, {"LC_ALL", "C.UTF-8"}};
}

std::string identity(const std::string& tool, const std::string& path) {
  struct stat info {};
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error || ::stat(real.c_str(), &info) != 0) return tool;
  return tool + " " + real.string() + " " + std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) +
         "." + std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace

Result<> Toolchain::require(const std::vector<std::string>& wanted, const std::string& asked_by) {
  for (const std::string& name : wanted) {
    const Tool* tool = find_tool(name);
    if (!tool) return fail(ErrorKind::internal, "no such tool is known: " + name);
    bool there = !path_of(tool->version[0]).empty();
    // Debian splits the standard library: the module is there, what it unpacks is not.
    if (there && name == "python3-venv") {
      ProcessCommand command;
      command.argv = tool->version;
      command.env = plain_environment();
      const auto ran = run(command);
      there = ran && ran->ok();
    }
    if (!there) {
      return fail(ErrorKind::failed, name + " is not installed on this server, and an app with " + asked_by +
                                         " needs it; whoever runs the server can add it: apt-get install " +
                                         tool->package);
    }
  }
  return {};
}

std::map<std::string, std::string> Toolchain::versions(const std::vector<std::string>& wanted) {
  std::map<std::string, std::string> out;
  for (const std::string& name : wanted) {
    const Tool* tool = find_tool(name);
    const std::string path = tool ? path_of(tool->version[0]) : std::string();
    if (path.empty()) {
      out[name] = "none";
      continue;
    }
    const std::string key = identity(name, path);
    const std::scoped_lock lock(mutex_);
    if (!known_.contains(key)) {
      ProcessCommand command;
      command.argv = tool->version;
      command.env = plain_environment();
      command.cwd = "/";
      command.time_limit = std::chrono::seconds(30);
      const auto ran = run(command);
      // A tool that cannot say its version is known by its file.
      known_[key] = ran && ran->ok() ? ran->out + ran->err : key;
      while (known_[key].ends_with('\n')) known_[key].pop_back();
    }
    out[name] = known_[key];
  }
  return out;
}

}  // namespace sluice::build
