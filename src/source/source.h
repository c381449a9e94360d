#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "base/time.h"
#include "pipeline/types.h"

// Repositories. Hosted ones are bare Git repositories DIR/STACK_ID.git, served with git's own http-backend; git itself
// is the only thing that writes them. Nothing that was ever pushed is dropped, so that an old change can be built again
// after a forced push. No function here decides anything. Git's own settings files (system, user) are not read.
namespace sluice::source {

struct Tip {
  std::string commit, message;
  pipeline::Author author;
  Time authored_at{};
};
struct Commit {
  std::string commit, message;  // message: whole
  pipeline::Author author;
  Time at{};
};
struct FileDifference {
  std::string path, was;                // was: its path before, when it was renamed
  std::int64_t added = 0, removed = 0;  // lines; of a binary file neither is known
  bool binary = false;
};
struct Difference {
  std::vector<FileDifference> files;  // in the order of their paths; the others are counted in what follows
  std::size_t total = 0;
  std::int64_t added = 0, removed = 0;
};
// How two commits stand to each other (R4.3).
enum class Direction { same, forward, back, sideways, unknown };

// What git http-backend is told of one request. The body is pulled, the answer pushed: nothing is held whole but the
// answer to a push, which is kept back until `pushed` has made the change durable.
struct GitRequest {
  std::string method, path_info;  // "/info/refs", "/git-upload-pack", "/git-receive-pack" …
  std::string query, content_type, content_encoding, protocol;  // protocol: the Git-Protocol header
  std::string user;                                             // who it is, for the reflog
  std::function<Result<std::size_t>(char*, std::size_t)> read_body;
};
struct GitAnswer {
  std::function<void(int status, const std::vector<std::pair<std::string, std::string>>& headers)> head;
  std::function<Result<>(std::string_view)> body;
};

class Repositories {
 public:
  Repositories(std::filesystem::path dir, std::filesystem::path scratch);
  ~Repositories();
  Repositories(const Repositories&) = delete;
  Repositories& operator=(const Repositories&) = delete;
  Result<> create(const pipeline::StackId&,
                  const std::string& branch);  // bare, HEAD at branch, fsync on; again: nothing
  Result<> remove(const pipeline::StackId&);
  // Moves it to DIR/deleted/STACK_ID-TIME.git instead; one that is not there is no error.
  Result<> set_aside(const pipeline::StackId&);
  Result<> set_branch(const pipeline::StackId&, const std::string& branch);
  // The tip of the branch; nothing when the branch does not exist.
  Result<std::optional<Tip>> tip(const pipeline::StackId&, const std::string& branch);
  // The commit alone, without starting a process: cheap enough for every stack at every start.
  std::optional<std::string> tip_commit(const pipeline::StackId&, const std::string& branch) const;
  // Runs one request through http-backend. After a push, with the refs moved, `pushed` is called before anything is
  // answered; its text is shown to the pusher as Git's own "remote: …" lines; its error fails the push: git prints its
  // sentence as the fatal error (a client without side-band gets 503 with it). A fetch calls nothing. The body is read
  // before the answer is begun and on this thread, so the two ends of an exchange are never used at once.
  Result<> serve(const pipeline::StackId&, const GitRequest&, const GitAnswer&,
                 const std::function<Result<std::string>()>& pushed);
  // Removes what pushes left whose git was killed in their middle and that nobody has written to for so long.
  void sweep(Duration untouched) const;
  // A quick look: the repository is there, and the folders of this commit (empty: of none) can be read in it. The error
  // says what is wrong.
  Result<> whole(const pipeline::StackId&, const std::string& commit);
  // Branches that exist, to tell somebody who pushed master where main is wanted.
  std::vector<std::string> branches(const pipeline::StackId&);
  // The commits reachable from `to` and not from `from` (empty: all), newest first, at most `limit`; `total` (may be
  // null) counts all. not_found when either is not in the repository.
  Result<std::vector<Commit>> commits_between(const pipeline::StackId&, const std::string& from, const std::string& to,
                                              std::size_t limit, std::size_t* total);
  // What differs between the trees of two commits, at most `limit` files of it listed.
  Result<Difference> files_between(const pipeline::StackId&, const std::string& from, const std::string& to,
                                   std::size_t limit);
  Direction direction(const pipeline::StackId&, const std::string& from, const std::string& to);
  // The tree of a commit into an empty folder that exists, without .git. Submodules stay empty folders and Git LFS
  // files the pointers they are: neither is fetched.
  Result<> checkout(const pipeline::StackId&, const std::string& commit, const std::filesystem::path& into,
                    std::stop_token stop);

 private:
  std::filesystem::path path(const pipeline::StackId&) const;
  ProcessCommand git(const pipeline::StackId&, std::vector<std::string> args) const;

  std::filesystem::path dir_, scratch_;
  class Upkeep;  // packs repositories now and then, on a thread of its own
  std::unique_ptr<Upkeep> upkeep_;
};

}  // namespace sluice::source
