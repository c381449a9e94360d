#include "source/git.h"

#include <cstdlib>
#include <utility>

namespace sluice::source {
namespace {

constexpr std::pair<const char*, const char*> kSettings[] = {
    // A repository that belongs to another user of this machine (made by root, served by `sluice`) is ours all the
    // same.
    {"safe.directory", "*"},
    // What was acknowledged survives a loss of power: everything is synced, objects and references.
    {"core.fsync", "all"},
    {"core.fsyncMethod", "fsync"},
    // A push stays one pack, whose two files are synced, and is not spread into many loose objects, each of them
    // synced.
    {"receive.unpackLimit", "1"},
    {"receive.fsckObjects", "true"},
    // Harmless flaws of old histories, which cannot be mended without rewriting them.
    {"receive.fsck.zeroPaddedFilemode", "warn"},
    {"receive.fsck.badTimezone", "warn"},
    {"receive.fsck.missingNameBeforeEmail", "warn"},
    {"receive.fsck.missingSpaceBeforeEmail", "warn"},
    {"receive.fsck.missingSpaceBeforeDate", "warn"},
    {"receive.fsck.multipleAuthors", "warn"},
    {"receive.fsck.nullSha1", "warn"},
    // Forced pushes are check-ins like any other, and deleting the branch is taken and makes none (R1.3).
    {"receive.denyNonFastForwards", "false"},
    {"receive.denyDeleteCurrent", "ignore"},
    {"receive.autogc", "false"},  // Upkeep does it, after the answer
    {"http.receivepack", "true"},
    {"http.getanyfile", "false"},
    {"uploadpack.allowFilter", "true"},
    // Nothing is ever dropped.
    {"core.logAllRefUpdates", "true"},
    {"gc.reflogExpire", "never"},
    {"gc.reflogExpireUnreachable", "never"},
    {"gc.pruneExpire", "never"},
    {"gc.cruftPacks", "true"},
    {"gc.auto", "100000"},  // loose objects are rare; the number of packs decides
    {"gc.autoPackLimit", "50"},
    {"gc.autoDetach", "false"},
    {"gc.bigPackThreshold", "512m"},
    // Larger files pass through in pieces and are not compared with others: git's memory does not grow with them.
    {"core.bigFileThreshold", "16m"},
    {"pack.threads", "1"},
    {"pack.windowMemory", "128m"},
    {"core.hooksPath", "/dev/null"},
    {"core.attributesFile", "/dev/null"},
    {"core.excludesFile", "/dev/null"},
    {"core.quotePath", "false"},
    {"core.autocrlf", "false"},
    {"i18n.logOutputEncoding", "UTF-8"},
    {"log.showSignature", "false"},
    {"advice.detachedHead", "false"},
};

}  // namespace

std::map<std::string, std::string> git_environment() {
  const char* path = std::getenv("PATH");
  std::map<std::string, std::string> env = {
      {"PATH", path ? path : "/usr/local/bin:/usr/bin:/bin"},
      {"HOME", "/nonexistent"},
      {"LC_ALL", "C.UTF-8"},
      {"LANGUAGE", "en"},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_CONFIG_GLOBAL", "/dev/null"},
      {"GIT_ATTR_NOSYSTEM", "1"},
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_COMMITTER_NAME", "sluice"},
      {"GIT_COMMITTER_EMAIL", "sluice@localhost"},
  };
  int count = 0;
  for (const auto& [key, value] : kSettings) {
    env["GIT_CONFIG_KEY_" + std::to_string(count)] = key;
    env["GIT_CONFIG_VALUE_" + std::to_string(count)] = value;
    ++count;
  }
  env["GIT_CONFIG_COUNT"] = std::to_string(count);
  return env;
}

bool is_commit_hash(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string last_words(const std::string& errors) {
  std::string_view text = errors;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  text = text.substr(text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1);
  for (const std::string_view lead : {"fatal: ", "error: "}) {
    if (text.starts_with(lead)) text.remove_prefix(lead.size());
  }
  return text.empty() ? "git gave no reason" : std::string(text);
}

Result<std::string> run_git(const ProcessCommand& command, std::string_view doing) {
  auto finished = run(command);
  if (!finished) return fail(finished.error().while_(doing));
  if (finished->stopped) return fail(ErrorKind::cancelled, std::string(doing) + ": stopped");
  if (finished->timed_out) return fail(ErrorKind::timed_out, std::string(doing) + ": git took too long");
  if (finished->exit_code != 0) {
    const bool unknown = finished->err.find("bad object") != std::string::npos ||
                         finished->err.find("bad revision") != std::string::npos ||
                         finished->err.find("not a tree object") != std::string::npos ||
                         finished->err.find("Not a valid object name") != std::string::npos ||
                         finished->err.find("Invalid revision range") != std::string::npos ||
                         finished->err.find("failed to unpack tree object") != std::string::npos;
    return fail(unknown ? ErrorKind::not_found : ErrorKind::failed,
                std::string(doing) + ": " + last_words(finished->err));
  }
  return std::move(finished->out);
}

}  // namespace sluice::source
