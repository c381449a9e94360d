#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/files.h"
#include "source/git.h"
#include "source/source.h"
#include "source/upkeep.h"

namespace sluice::source {
namespace {

namespace fs = std::filesystem;

void sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Result<> check_branch(const std::string& branch) {
  ProcessCommand command;
  command.argv = {"git", "check-ref-format", "refs/heads/" + branch};
  command.env = git_environment();
  const auto finished = run(command);
  if (!finished) return fail(finished.error());
  if (!finished->ok() || branch.starts_with("-") || branch.size() > 200) {
    return fail_field("branch", "\"" + branch + "\" is no name that Git accepts for a branch");
  }
  return {};
}

// The commit that packed-refs gives for a reference; loose ones win over it.
std::optional<std::string> packed(const fs::path& repository, const std::string& ref) {
  const auto text = read_file(repository / "packed-refs");
  if (!text) return std::nullopt;
  const std::string wanted = " " + ref + "\n";
  const auto at = text->find(wanted);
  if (at == std::string::npos) return std::nullopt;
  const auto line = text->rfind('\n', at) == std::string::npos ? 0 : text->rfind('\n', at) + 1;
  std::string hash = text->substr(line, at - line);
  if (!is_commit_hash(hash)) return std::nullopt;
  return hash;
}

fs::file_time_type last_touched(const fs::path& folder) {
  std::error_code error;
  auto newest = fs::last_write_time(folder, error);
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    const auto time = fs::last_write_time(it->path(), gone);
    if (!gone) newest = std::max(newest, time);
  }
  return newest;
}

}  // namespace

Repositories::Repositories(fs::path dir, fs::path scratch)
    : dir_(std::move(dir)), scratch_(std::move(scratch)), upkeep_(std::make_unique<Upkeep>()) {}

Repositories::~Repositories() = default;

fs::path Repositories::path(const pipeline::StackId& stack) const { return dir_ / (stack.value + ".git"); }

ProcessCommand Repositories::git(const pipeline::StackId& stack, std::vector<std::string> args) const {
  ProcessCommand command;
  command.argv = {"git"};
  command.argv.insert(command.argv.end(), std::make_move_iterator(args.begin()), std::make_move_iterator(args.end()));
  command.env = git_environment();
  // Named, not searched for: a folder above that happens to be a repository is never taken.
  (*command.env)["GIT_DIR"] = path(stack);
  command.time_limit = std::chrono::minutes(5);
  return command;
}

Result<> Repositories::create(const pipeline::StackId& stack, const std::string& branch) {
  const fs::path target = path(stack);
  std::error_code error;
  if (fs::exists(target, error)) return {};
  if (auto good = check_branch(branch); !good) return good;
  if (auto made = make_dirs(dir_); !made) return made;
  // Made aside and renamed, so that a crash leaves no half of one. What an earlier crash left is taken away first.
  const fs::path aside = dir_ / (".new-" + stack.value);
  if (auto gone = remove_tree(aside); !gone) return gone;
  ProcessCommand command;
  command.argv = {"git", "init", "--quiet", "--bare", "--template=", "--initial-branch=" + branch, aside.string()};
  command.env = git_environment();
  if (auto made = run_git(command, "making the repository"); !made) return fail(made.error());
  for (const auto& entry : fs::recursive_directory_iterator(aside, error)) sync_path(entry.path());
  sync_path(aside);
  if (::rename(aside.c_str(), target.c_str()) != 0) {
    const int number = errno;
    (void)remove_tree(aside);
    return fail(ErrorKind::failed, "making the repository: " + std::generic_category().message(number));
  }
  sync_path(dir_);
  return {};
}

Result<> Repositories::remove(const pipeline::StackId& stack) {
  // Out of sight at once, so that a removal that is cut short leaves no half of a repository behind.
  const fs::path aside = dir_ / (".gone-" + stack.value);
  if (auto gone = remove_tree(aside); !gone) return gone;
  if (::rename(path(stack).c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(ErrorKind::failed, "removing the repository: " + std::generic_category().message(errno));
  }
  return remove_tree(aside);
}

Result<> Repositories::set_aside(const pipeline::StackId& stack) {
  const fs::path deleted = dir_ / "deleted";
  if (auto made = make_dirs(deleted); !made) return made;
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const fs::path aside = deleted / (stack.value + "-" + std::to_string(now.count()) + ".git");
  if (::rename(path(stack).c_str(), aside.c_str()) != 0 && errno != ENOENT) {
    return fail(ErrorKind::failed, "setting the repository aside: " + std::generic_category().message(errno));
  }
  sync_path(dir_);
  sync_path(deleted);
  return {};
}

Result<> Repositories::set_branch(const pipeline::StackId& stack, const std::string& branch) {
  if (auto good = check_branch(branch); !good) return good;
  auto set = run_git(git(stack, {"symbolic-ref", "HEAD", "refs/heads/" + branch}), "setting the branch");
  if (!set) return fail(set.error());
  return {};
}

std::optional<std::string> Repositories::tip_commit(const pipeline::StackId& stack, const std::string& branch) const {
  const std::string ref = "refs/heads/" + branch;
  // Git packs a reference before it removes the loose file: in this order none is missed.
  if (auto loose = read_file(path(stack) / ref, 4096)) {
    while (!loose->empty() && loose->back() == '\n') loose->pop_back();
    if (is_commit_hash(*loose)) return *loose;
  }
  return packed(path(stack), ref);
}

Result<> Repositories::whole(const pipeline::StackId& stack, const std::string& commit) {
  std::error_code error;
  if (!fs::exists(path(stack), error)) return fail(ErrorKind::not_found, "it is gone");
  if (commit.empty()) return {};
  auto read = git(stack, {"ls-tree", "-r", "-t", commit});
  read.time_limit = std::chrono::seconds(1);
  auto listed = run_git(std::move(read), "reading " + commit.substr(0, 12));
  return listed ? Result<>{} : fail(listed.error());
}

void Repositories::sweep(Duration untouched) const {
  std::error_code error;
  for (fs::directory_iterator it(dir_, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    for (fs::directory_iterator in(it->path() / "objects", ignored), none; !ignored && in != none;
         in.increment(ignored)) {
      if (!in->path().filename().string().starts_with("tmp_objdir-incoming-")) continue;
      if (fs::file_time_type::clock::now() - last_touched(in->path()) >= untouched) (void)remove_tree(in->path());
    }
  }
}

std::vector<std::string> Repositories::branches(const pipeline::StackId& stack) {
  const auto listed =
      run_git(git(stack, {"for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"}), "listing the branches");
  std::vector<std::string> names;
  if (!listed) return names;
  std::size_t at = 0;
  for (auto end = listed->find('\n'); end != std::string::npos; at = end + 1, end = listed->find('\n', at)) {
    names.push_back(listed->substr(at, end - at));
  }
  return names;
}

Result<> Repositories::checkout(const pipeline::StackId& stack, const std::string& commit, const fs::path& into,
                                std::stop_token stop) {
  if (!is_commit_hash(commit)) return fail(ErrorKind::invalid, "\"" + commit + "\" is no commit's hash");
  // An index of its own, beside the folder: checkouts of one repository do not wait for each other. What is checked out
  // can be had again, so it is not synced.
  const fs::path index = into.parent_path() / (into.filename().string() + ".index");
  ProcessCommand command = git(stack, {"-c", "core.fsync=none", "read-tree", "--reset", "-u", commit});
  (*command.env)["GIT_WORK_TREE"] = fs::absolute(into);
  (*command.env)["GIT_INDEX_FILE"] = fs::absolute(index);
  command.stop = std::move(stop);
  command.time_limit.reset();
  auto done = run_git(command, "checking out " + commit.substr(0, 12));
  std::error_code ignored;
  fs::remove(index, ignored);
  fs::remove(index.string() + ".lock", ignored);
  if (!done) return fail(done.error());
  return {};
}

}  // namespace sluice::source
