#include "base/replace_file.h"
#include "sandbox/etc.h"
#include "sandbox/fence.h"
#include "sandbox/filter.h"
#include "sandbox/sandbox.h"

namespace sluice::sandbox {
namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// bubblewrap's own words, and what to do about them.
std::string remedy(const std::string& said) {
  if (contains(said, "setting up uid map") || contains(said, "Permission denied")) {
    return "Ubuntu 23.10 and newer forbid user namespaces by AppArmor: run `sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0`, or give "
           "/usr/bin/bwrap a profile that allows `userns`";
  }
  if (contains(said, "/proc") || contains(said, "mount proc")) {
    return "in a container, start it with `--security-opt systempaths=unconfined --security-opt seccomp=unconfined` "
           "(Docker), so that a new /proc can be mounted";
  }
  return "in a container, start it with `--security-opt seccomp=unconfined` (Docker's default profile forbids it); "
         "elsewhere run `sysctl -w kernel.unprivileged_userns_clone=1` and "
         "see that user.max_user_namespaces is not 0";
}

}  // namespace

Result<Sandbox> Sandbox::probe(const std::filesystem::path& etc) {
  for (const char* program : {"bwrap", "perl", "setpriv", "prlimit", "setsid"}) {
    if (program_exists(program)) continue;
    const std::string package = std::string(program) == "bwrap"  ? "bubblewrap"
                                : std::string(program) == "perl" ? "perl-base"
                                                                 : "util-linux";
    return fail(ErrorKind::unavailable, "the program " + std::string(program) +
                                            " is not installed, and apps run in a sandbox only: run `apt-get install " +
                                            package + "`");
  }
  Sandbox sandbox(etc);
  if (auto copied = sandbox.etc_->refresh(); !copied) return fail(copied.error());
  auto filter = kernel_filter(fence().ports);
  if (!filter) return fail(filter.error());
  if (auto written = replace_file(sandbox.etc_->filter(), *filter); !written) return fail(written.error());
  Spec spec;
  spec.argv = {"/bin/true"};
  spec.cwd = "/";
  ProcessCommand command;
  command.argv = sandbox.command(spec);
  command.time_limit = std::chrono::seconds(20);
  const auto finished = run(command);
  if (!finished) return fail(finished.error().while_("trying the sandbox"));
  if (finished->ok()) return sandbox;
  if (finished->timed_out)
    return fail(ErrorKind::unavailable, "trying the sandbox took longer than 20 s; is this machine overloaded?");
  std::string said = finished->err.substr(0, finished->err.find('\n'));
  if (said.empty()) said = "bwrap ended with status " + std::to_string(finished->exit_code);
  return fail(ErrorKind::unavailable, "apps cannot be sandboxed here (" + said + "): " + remedy(said));
}

}  // namespace sluice::sandbox
