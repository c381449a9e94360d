#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "source/git.h"
#include "source/source.h"

namespace sluice::source {
namespace {

// Five fields a commit, each ended by NUL, which none of them can contain.
constexpr const char* kFormat = "--format=tformat:%H%x00%an%x00%ae%x00%at%x00%B";

template <class Number>
Number number(std::string_view text) {
  Number out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::vector<Commit> parse(std::string_view text) {
  std::vector<Commit> commits;
  while (true) {
    std::string_view fields[5];
    for (auto& field : fields) {
      const auto end = text.find('\0');
      if (end == text.npos) return commits;  // the end, or a record cut off by the limit on output
      field = text.substr(0, end);
      text.remove_prefix(end + 1);
    }
    while (fields[4].ends_with('\n')) fields[4].remove_suffix(1);
    Commit commit;
    commit.commit = fields[0];
    // Git passes on what it was given: old commits are in Latin-1 and do not say so.
    commit.author = {to_utf8(std::string(fields[1])), to_utf8(std::string(fields[2]))};
    commit.at = Time(std::chrono::seconds(number<std::int64_t>(fields[3])));
    commit.message = to_utf8(std::string(fields[4]));
    commits.push_back(std::move(commit));
  }
}

}  // namespace

Result<std::optional<Tip>> Repositories::tip(const pipeline::StackId& stack, const std::string& branch) {
  const auto commit = tip_commit(stack, branch);
  if (!commit) return std::optional<Tip>();
  auto command = git(stack, {"log", "-z", "--max-count=1", "--no-walk", kFormat, *commit, "--"});
  command.collect_limit = 4u << 20;
  const auto text = run_git(command, "reading the tip of " + branch);
  if (!text) return fail(text.error());
  auto commits = parse(*text);
  // A message larger than the limit: the change is recorded all the same.
  if (commits.empty()) return std::optional<Tip>(Tip{*commit, "", {}, {}});
  Commit& one = commits.front();
  return std::optional<Tip>(Tip{std::move(one.commit), std::move(one.message), std::move(one.author), one.at});
}

Result<std::vector<Commit>> Repositories::commits_between(const pipeline::StackId& stack, const std::string& from,
                                                          const std::string& to, std::size_t limit,
                                                          std::size_t* total) {
  if (!is_commit_hash(to) || (!from.empty() && !is_commit_hash(from))) {
    return fail(ErrorKind::invalid, "comparing commits: \"" + from + "\" and \"" + to + "\" are not both hashes");
  }
  const std::string range = from.empty() ? to : from + ".." + to;
  auto command = git(stack, {"log", "-z", "--max-count=" + std::to_string(limit), kFormat, range, "--"});
  command.collect_limit = 16u << 20;
  const auto text = run_git(command, "listing commits");
  if (!text) return fail(text.error());
  auto commits = parse(*text);
  if (total) {
    *total = commits.size();
    if (commits.size() >= limit) {
      const auto count = run_git(git(stack, {"rev-list", "--count", range, "--"}), "counting commits");
      if (!count) return fail(count.error());
      *total = number<std::size_t>(*count);
    }
  }
  return commits;
}

Result<Difference> Repositories::files_between(const pipeline::StackId& stack, const std::string& from,
                                               const std::string& to, std::size_t limit) {
  if (!is_commit_hash(to) || !is_commit_hash(from))
    return fail(ErrorKind::invalid, "comparing files: \"" + from + "\" and \"" + to + "\" are not both hashes");
  auto command = git(stack, {"diff-tree", "-r", "-z", "-M", "--numstat", from, to, "--"});
  command.collect_limit = 16u << 20;
  const auto text = run_git(command, "listing changed files");
  if (!text) return fail(text.error());
  std::string_view rest = *text;
  const auto field = [&](char end) {
    const auto length = std::min(rest.find(end), rest.size());
    const auto out = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    return out;
  };
  Difference out;
  while (!rest.empty()) {  // ADDED \t REMOVED \t PATH \0, or of a renamed one ADDED \t REMOVED \t \0 WAS \0 PATH \0
    FileDifference file;
    const auto added = field('\t'), removed = field('\t');
    auto path = field('\0');
    if (path.empty()) {
      file.was = to_utf8(std::string(field('\0')));
      path = field('\0');
    }
    if (path.empty()) break;  // cut off by the limit on output
    file.binary = added == "-";
    file.added = number<std::int64_t>(added);
    file.removed = number<std::int64_t>(removed);
    ++out.total;
    out.added += file.added;
    out.removed += file.removed;
    if (out.files.size() >= limit) continue;
    file.path = to_utf8(std::string(path));
    out.files.push_back(std::move(file));
  }
  return out;
}

Direction Repositories::direction(const pipeline::StackId& stack, const std::string& from, const std::string& to) {
  if (!is_commit_hash(from) || !is_commit_hash(to)) return Direction::unknown;
  if (from == to) return Direction::same;
  const auto ancestor = [&](const std::string& older, const std::string& newer) {
    const auto finished = run(git(stack, {"merge-base", "--is-ancestor", older, newer}));
    return finished ? finished->exit_code : -1;
  };
  const int ahead = ancestor(from, to);
  if (ahead == 0) return Direction::forward;
  const int behind = ancestor(to, from);
  if (behind == 0) return Direction::back;
  return ahead == 1 && behind == 1 ? Direction::sideways : Direction::unknown;
}

}  // namespace sluice::source
