#include "doctor/machine.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/process.h"
#include "base/size.h"
#include "gateway/port.h"
#include "gateway/runtime.h"
#include "sandbox/sandbox.h"
#include "store/store.h"
#include "supervise/supervisor.h"

namespace sluice::doctor {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
namespace {

constexpr std::uint64_t kMB = 1u << 20, kGB = 1024 * kMB;
constexpr int kMetadataPatience = 200;  // milliseconds: such an address is on the machine's own link
constexpr const char* kRestart = "Stop the server and start it again: it starts what is missing.";

std::string amount(std::uint64_t bytes) { return size_text(static_cast<std::int64_t>(bytes)); }

// "git version 2.39.5" and "HAProxy version 2.6.12-1+deb12u2 2025/…" in one word; empty when it says none.
std::string version_of(const std::string& program, const char* option) {
  ProcessCommand command;
  command.argv = {program, option};
  command.time_limit = 1s;
  const auto said = run(command);
  if (!said) return "";
  const auto digit = said->out.find_first_of("0123456789");
  if (digit == std::string::npos) return "";
  return said->out.substr(digit, said->out.find_first_of(" \n-+", digit) - digit);
}

std::string capital(std::string sentence) {
  if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = static_cast<char>(sentence[0] - 32);
  return sentence + ".";
}

// An Error's sentence ends with what to do, after its last colon.
Finding with(Finding found, const Error& error) {
  const auto colon = error.message.rfind(": ");
  found.severity = Severity::problem;
  found.detail = capital(error.message.substr(0, colon));
  if (colon != std::string::npos) found.remedy = capital(error.message.substr(colon + 2));
  return found;
}

// What is in a folder that is there, and whose content this process may not know, is not looked at.
bool is_closed(const fs::path& folder, Finding& out) {
  if (::access(folder.c_str(), R_OK | X_OK) == 0 || errno == ENOENT) return false;
  out.severity = Severity::warning;
  out.detail = "It did not look, as " + folder.string() + " cannot be read: " + std::strerror(errno) + ".";
  out.remedy = "Look as root, or as the user the server runs as, to whom the data directory must belong.";
  return true;
}

}  // namespace

Finding free_space(const fs::path& data) {
  struct statvfs about {};
  if (::statvfs(data.c_str(), &about) != 0) {
    return {"space", Severity::problem, "Free space",
            "The file system of " + data.string() + " cannot be asked: " + std::strerror(errno) + ".",
            "See that the data directory is there and its disk is mounted."};
  }
  return free_space(std::uint64_t{about.f_bavail} * about.f_frsize, std::uint64_t{about.f_blocks} * about.f_frsize);
}

Finding free_space(std::uint64_t free, std::uint64_t total) {
  Finding out{"space", Severity::ok, "Free space",
              amount(free) + " of " + amount(total) + " are free where the data directory is.", ""};
  if (free >= 2 * kGB && free >= total / 10) return out;
  out.severity = free < 500 * kMB ? Severity::problem : Severity::warning;
  out.remedy =
      "Delete what is not needed, or move the data directory to a larger disk; a full one stops every push and build.";
  return out;
}

Finding writable(const fs::path& data) {
  Finding out{"data", Severity::ok, "Data directory", data.string() + " can be written.", ""};
  std::string name = (data / ".doctor-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  int wrong = fd < 0 ? errno : 0;
  if (fd >= 0) {
    if (::write(fd, "x", 1) != 1 || ::fsync(fd) != 0) wrong = errno;
    ::close(fd);
    ::unlink(name.c_str());
  }
  if (wrong == 0) return out;
  out.severity = Severity::problem;
  out.detail = data.string() + " cannot be written: " + std::strerror(wrong) + ".";
  out.remedy = "Make room on its disk, mount it writable, and give the folder to the user the server runs as.";
  return out;
}

Finding database(const fs::path& data) {
  Finding out{"database", Severity::ok, "Database", "sluice.db is sound.", ""};
  const auto all = store::Store::look(data);
  if (!all) return with(out, all.error());
  if (!*all) out.detail = "The present of every stack is sound; the rest of sluice.db is too large for a quick look.";
  return out;
}

Finding key_file(const fs::path& data) {
  Finding out{"key", Severity::ok, "Key of the variables", "secret.key can be read by its owner only.", ""};
  struct stat info {};
  if (::stat((data / "secret.key").c_str(), &info) != 0) {
    out.severity = Severity::problem;
    out.detail = std::string("secret.key cannot be found: ") + std::strerror(errno) + ".";
    out.remedy = "Put back the file from your copy of the data directory: without it no variable can be read.";
  } else if ((info.st_mode & 077) != 0) {
    out.severity = Severity::problem;
    out.detail = fmt::format("secret.key has mode {:04o}: others than its owner may read it.", info.st_mode & 07777);
    out.remedy =
        "Run `chmod 600 " + (data / "secret.key").string() + "`; with another mode the server does not start again.";
  }
  return out;
}

Finding programs() {
  Finding out{"programs", Severity::ok, "Programs", "", ""};
  struct Program {
    const char* name;
    const char* package;
    const char* version;  // the option that tells it; nullptr: none does
  };
  std::string there, missing, packages;
  for (const Program& one : {Program{"git", "git", "--version"}, Program{"bwrap", "bubblewrap", "--version"},
                             Program{"haproxy", "haproxy", "-v"}, Program{"s6-svscan", "s6", nullptr},
                             Program{"s6-log", "s6", nullptr}, Program{"lighttpd", "lighttpd", "-v"}}) {
    if (!program_exists(one.name)) {
      missing += (missing.empty() ? "" : ", ") + std::string(one.name);
      if (packages.find(one.package) == std::string::npos) packages += " " + std::string(one.package);
      continue;
    }
    const auto version = one.version == nullptr ? "" : version_of(one.name, one.version);
    there += (there.empty() ? "" : ", ") + std::string(one.name) + (version.empty() ? "" : " " + version);
  }
  out.detail = "There are " + there + ".";
  if (missing.empty()) return out;
  out.severity = Severity::problem;
  out.detail = "Not installed: " + missing + ".";
  out.remedy = "Run `apt-get install" + packages + "`.";
  return out;
}

Finding sandboxes() {
  Finding out{"sandbox", Severity::ok, "Sandbox", "Apps and builds can be sandboxed.", ""};
  std::string own = (fs::temp_directory_path() / "sluice-doctor-XXXXXX").string();
  if (::mkdtemp(own.data()) == nullptr) {
    out.severity = Severity::problem;
    out.detail = "It cannot be tried, as no folder can be made in " + fs::temp_directory_path().string() + ": " +
                 std::strerror(errno) + ".";
    out.remedy = "Make room there.";
    return out;
  }
  const auto made = sandbox::Sandbox::probe(fs::path(own) / "etc");
  (void)remove_tree(own);
  return made ? sandboxes(sandbox::fence()) : with(out, made.error());
}

Finding sandboxes(const sandbox::Fence& fence) {
  Finding out{"sandbox", Severity::ok, "Sandbox", "Apps and builds can be sandboxed.", ""};
  if (fence.ports) return out;
  out.severity = Severity::warning;
  out.detail =
      "Apps and builds can be sandboxed, but this kernel does not keep one from listening on the port of another that "
      "is "
      "stopped.";
  out.remedy = "Run Linux 6.7 or newer; in a container, let its profile allow Landlock.";
  return out;
}

Finding metadata(const std::string& address, std::uint16_t port) {
  Finding out{"metadata", Severity::ok, "Credentials of a cloud", "No cloud tells this machine's credentials to apps.",
              ""};
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::inet_pton(AF_INET, address.c_str(), &in.sin_addr) != 1) return out;
  bool answers = ::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0;
  if (!answers && errno == EINPROGRESS) {
    pollfd waits{fd, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    answers = ::poll(&waits, 1, kMetadataPatience) == 1 && ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
              error == 0;
  }
  ::close(fd);
  if (!answers) return out;
  out.severity = Severity::warning;
  out.detail = address + " answers: apps and builds can ask it for what a cloud lets this machine do.";
  const passwd* user = ::getpwuid(::geteuid());
  out.remedy = fmt::format(
      "Give the machine no role there, or keep the server's user from it: `iptables -A OUTPUT -d {} -m owner "
      "--uid-owner "
      "{} -j REJECT`.",
      address, user != nullptr ? user->pw_name : std::to_string(::geteuid()));
  return out;
}

Finding names(const std::string& host) {
  Finding out{"names", Severity::ok, "Names of apps", "*.localhost resolves to this machine for every program.", ""};
  // getent asks as getaddrinfo does, and unlike that can be stopped when a name server does not answer.
  ProcessCommand command;
  command.argv = {"getent", "ahosts", host};
  command.time_limit = 300ms;
  command.grace = 50ms;
  const auto answer = run(command);
  if (answer && answer->ok() && (answer->out.starts_with("127.") || answer->out.starts_with("::1"))) return out;
  out.severity = Severity::warning;
  out.detail =
      "Programs that ask the system for *.localhost get no address of this machine; browsers and curl know it by "
      "themselves.";
  out.remedy = "Install libnss-myhostname, or let such a program connect to 127.0.0.1 and send the Host header.";
  return out;
}

Finding supervisor(const fs::path& data) {
  Finding out{"supervisor", Severity::ok, "Supervisor of apps", "s6 runs and answers.", ""};
  if (is_closed(data / "s6", out)) return out;
  if (supervise::Supervisor::running(data / "s6")) return out;
  out.severity = Severity::problem;
  out.detail = "s6 does not run for this data directory: what ends is not started again.";
  out.remedy = kRestart;
  return out;
}

Finding gateway(const fs::path& data) {
  Finding out{"gateway", Severity::ok, "Gateway", "HAProxy runs and answers.", ""};
  if (is_closed(data / "gateway", out)) return out;
  const auto generation = gateway::Runtime(data / "gateway").generation();
  if (generation && !generation->empty()) return out;
  out.severity = Severity::problem;
  out.detail = generation ? "What answers in the gateway's place is not the gateway: no app can be reached."
                          : "HAProxy does not answer: no app can be reached.";
  out.remedy = std::string("Look into gateway/ of the data directory for what HAProxy wrote. ") + kRestart;
  const auto port = std::atoi(read_file(data / "gateway" / "port", 100).value_or("").c_str());
  const auto free = gateway::try_port("127.0.0.1", static_cast<std::uint16_t>(port));
  if (port == 0 || free || free.error().kind != ErrorKind::conflict) return out;
  out.detail =
      fmt::format("HAProxy does not answer, and something listens on its port {}: no app can be reached.", port);
  out.remedy =
      "End what listens there, then the gateway comes by itself; or start the server with `--gateway` and "
      "another port.";
  return out;
}

Finding databases(const fs::path& data) {
  Finding out{"databases", Severity::ok, "Databases of stages", "No stage has one that Sluice made.", ""};
  const auto folder = data / "databases" / "postgres";
  if (is_closed(data / "databases", out) || is_closed(folder, out)) return out;
  std::error_code error;
  if (!fs::exists(folder / "cluster", error)) return out;
  const auto port = read_file(folder / "port", 100);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  in.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port ? port->c_str() : "")));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool listens = in.sin_port != 0 && fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0;
  if (fd >= 0) ::close(fd);
  out.detail = "PostgreSQL runs.";
  if (listens) return out;
  out.severity = Severity::problem;
  out.detail = "PostgreSQL does not run: apps cannot reach their databases, and deployments wait for them.";
  out.remedy = std::string(
                   "Look into databases/log of the data directory for what it wrote, and make room where the "
                   "disk is full: it is started again and again by itself. ") +
               kRestart;
  return out;
}

}  // namespace sluice::doctor
