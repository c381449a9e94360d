#include "build/build_step.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/size.h"

namespace sluice::build {

const char* const kPassedThrough[28] = {"http_proxy",
                                        "https_proxy",
                                        "no_proxy",
                                        "all_proxy",
                                        "HTTP_PROXY",
                                        "HTTPS_PROXY",
                                        "NO_PROXY",
                                        "ALL_PROXY",
                                        "SSL_CERT_FILE",
                                        "SSL_CERT_DIR",
                                        "CURL_CA_BUNDLE",
                                        "REQUESTS_CA_BUNDLE",
                                        "NODE_EXTRA_CA_CERTS",
                                        "npm_config_registry",
                                        "NPM_CONFIG_REGISTRY",
                                        "PIP_INDEX_URL",
                                        "PIP_EXTRA_INDEX_URL",
                                        "PIP_TRUSTED_HOST",
                                        "PIP_CERT",
                                        "PIP_FIND_LINKS",
                                        "PIP_DEFAULT_TIMEOUT",
                                        "GOPROXY",
                                        "GOSUMDB",
                                        "GONOSUMDB",
                                        "GOPRIVATE",
                                        "CARGO_HTTP_CAINFO",
                                        "BUNDLE_MIRROR__ALL",
                                        "COMPOSER_MIRROR_PATH_REPOS"};

namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> environment_of(const BuildInput& input) {
  std::map<std::string, std::string> env = {
      {"HOME", "/cache/home"},
      {"CI", "true"},
      {"LANG", "C.UTF-8"},
      {"TERM", "dumb"},
      {"SLUICE_COMMIT", input.commit},
      {"XDG_CACHE_HOME", "/cache/xdg"},
      {"npm_config_cache", "/cache/npm"},
      {"npm_config_update_notifier", "false"},
      {"npm_config_fund", "false"},
      {"npm_config_audit", "false"},
      {"YARN_CACHE_FOLDER", "/cache/yarn"},
      {"PIP_CACHE_DIR", "/cache/pip"},
      {"PIP_NO_INPUT", "1"},
      {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
      {"GOPATH", "/cache/go"},
      {"GOCACHE", "/cache/go-build"},
      {"GOFLAGS", "-modcacherw -buildvcs=false"},
      {"CARGO_HOME", "/cache/cargo"},
      {"CARGO_TARGET_DIR", "/cache/cargo-target"},
      {"COMPOSER_HOME", "/cache/composer"},
      {"BUNDLE_PATH", "/app/vendor/bundle"},
      {"BUNDLE_WITHOUT", "development:test"},
  };
  for (const char* name : kPassedThrough) {
    if (const char* value = std::getenv(name)) env[name] = value;
  }
  for (const auto& [name, value] : input.variables) env[name] = value;
  return env;
}

constexpr std::int64_t kBuildProcesses = 4096;

// A build that states no limit leaves a quarter of the machine's memory to what serves.
cgroup::Limits limits_of(const Plan& plan) {
  const auto memory = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  constexpr std::int64_t kMegabyte = 1 << 20;
  return {plan.build_memory > 0 ? plan.build_memory : memory * 3 / 4 / kMegabyte * kMegabyte, 0, kBuildProcesses};
}

// The last line with something on it, as it comes in pieces.
class LastLine {
 public:
  void add(std::string_view text) {
    text_ += text;
    if (text_.size() > 16384) text_.erase(0, text_.size() - 8192);
  }
  [[nodiscard]] std::string get(const std::map<std::string, std::string>& variables) const {
    std::string_view rest = text_;
    std::string line;
    while (!rest.empty() && line.empty()) {
      const auto begin = rest.rfind('\n') == rest.npos ? 0 : rest.rfind('\n') + 1;
      for (const char c : rest.substr(begin)) line += static_cast<unsigned char>(c) >= 0x20 && c != 0x7f ? c : ' ';
      const auto first = line.find_first_not_of(' ');
      line = first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(' ') - first + 1);
      rest = rest.substr(0, begin == 0 ? 0 : begin - 1);
    }
    // Which of them are secret is not known here; none of them may stand in an error.
    std::vector<std::string> values;
    for (const auto& [name, value] : variables) {
      if (value.size() >= 4) values.push_back(value);
    }
    std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const std::string& value : values) {
      for (auto at = line.find(value); at != std::string::npos; at = line.find(value, at + 3)) {
        line.replace(at, value.size(), "***");
      }
    }
    return line.size() > 400 ? line.substr(0, 400) + "…" : line;
  }

 private:
  std::string text_;
};

// What a build that ended for want of room is told, after its name.
std::string disk_sentence(const DiskWatch::Share& share, const fs::path& folder) {
  const std::string least = least_room(folder);
  if (!share.explains()) {
    return " was ended because the disk of the data directory has less than " + least + " free, which the " +
           size_text(share.all()) + " that it wrote do not explain; make room there";
  }
  const std::string left = " and left less than " + least + " free on the disk of the data directory; make room there";
  if (share.is_cache_shared && share.own < share.missing) {
    return " and another of its stack wrote " + size_text(share.cache) + " into the build cache that they share," +
           left + ", or let them write less";
  }
  return " wrote " + size_text(share.all()) + left + ", or let it write less";
}

}  // namespace

Result<> run_build(const BuildInput& input, const Plan& plan, const sandbox::Sandbox& sandbox, const Clock& clock,
                   DiskWatch::Build& watched, const fs::path& tree, const fs::path& cache, const fs::path& scratch) {
  if (auto made = make_dirs(cache / "home", 0700); !made) return made;
  const fs::path env_dir = scratch / "env";
  if (auto written = sandbox::write_env_dir(env_dir, environment_of(input)); !written) return written;
  sandbox::Spec spec;
  spec.argv = {"/bin/sh", "-c", plan.build};
  spec.binds = {{tree, "/app", true}, {cache, "/cache", true}};
  spec.env_dir = env_dir;
  spec.hostname = "build";
  spec.group = scratch.filename().string();
  spec.limits = limits_of(plan);
  spec.listens = sandbox::kCommandPorts;
  ProcessCommand command;
  command.argv = sandbox.command(spec);
  std::stop_source end;
  const std::stop_callback asked(input.stop, [&end] { end.request_stop(); });
  command.stop = end.get_token();
  command.grace = std::chrono::seconds(5);
  Duration limit = plan.build_timeout;
  // One that is over already is so by a clock that was set; the conductor, who knows, stops what takes too long.
  const Duration left = input.deadline == Time{} ? Duration{} : input.deadline - clock.now();
  const bool by_deadline = left > Duration{} && left < limit;
  if (by_deadline) limit = left;
  command.time_limit = limit;
  LastLine last;
  command.on_output = [&](std::string_view text) {
    last.add(text);
    if (input.log) input.log->write(text);
  };
  watched.runs(end);
  const auto finished = run(command);
  watched.ran();
  if (finished && (finished->stopped || finished->timed_out)) (void)sandbox::kill_users_of(env_dir);
  (void)remove_tree(env_dir);
  cgroup::Seen seen;
  if (const auto* groups = sandbox.groups()) {
    seen = groups->seen(spec.group);
    groups->remove(spec.group);
  }
  if (!finished) return fail(finished.error().while_("starting the build"));
  if (input.stop.stop_requested() && finished->stopped) return fail(ErrorKind::cancelled, "the build was stopped");
  const std::string first_line = plan.build.substr(0, plan.build.find('\n'));
  const std::string name =
      "build command `" + (first_line.size() > 200 ? first_line.substr(0, 200) + "…" : first_line) + "`";
  // What writes fast has met the end of the disk itself before it is ended.
  const bool has_failed = finished->exit_code != 0 || finished->stopped;
  const auto disk = has_failed ? watched.share() : std::nullopt;
  if (disk && disk->explains()) {
    watched.empty_cache();
    if (input.log) input.log->line("note: the disk is nearly full: the build cache of this stack is emptied");
  }
  if (disk && (disk->was_ended || disk->explains())) return fail(ErrorKind::failed, name + disk_sentence(*disk, tree));
  const std::string refused = seen.refused > 0 ? " " + cgroup::processes_sentence(spec.limits) + "; it" : "";
  if (finished->timed_out) {
    return fail(ErrorKind::timed_out, name + refused + " was ended after its limit of " + human_duration(limit) +
                                          (by_deadline ? "" : "; [limits] build_timeout in sluice.toml sets another"));
  }
  if (finished->exit_code == 0) return {};
  const std::string line = last.get(input.variables);
  std::string text = name + " exited " + std::to_string(finished->exit_code);
  if (seen.ended > 0 && spec.limits.memory > 0) {
    return fail(ErrorKind::failed, name + " " + cgroup::memory_sentence(spec.limits) +
                                       "; [limits] build_memory in sluice.toml sets another limit");
  }
  if (seen.refused > 0)
    text = name + " " + cgroup::processes_sentence(spec.limits) + ", and exited " + std::to_string(finished->exit_code);
  if (finished->exit_code == 137) text += " (killed: perhaps out of memory)";
  text += line.empty() ? " without a word" : ": " + line;
  if (disk) {
    text += " (the disk of the data directory has less than " + least_room(tree) +
            " free, which what it wrote does not explain; make room there)";
  }
  return fail(ErrorKind::failed, text);
}

}  // namespace sluice::build
