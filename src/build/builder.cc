#include "build/builder.h"

#include <algorithm>
#include <system_error>

#include "base/codec.h"
#include "base/files.h"
#include "base/size.h"
#include "build/artifacts.h"
#include "build/build_step.h"
#include "build/mend.h"
#include "build/seal.h"
#include "build/toolchain.h"
#include "build/tree.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

void say(const BuildInput& input, const std::string& line) {
  if (input.log) input.log->line(line);
}

// What a checkout leaves out and a person might miss. What is to be added to the words of a build that fails.
std::string note_what_is_not_fetched(const BuildInput& input, const Tree& tree) {
  std::string hint;
  if (tree.has(".gitmodules")) {
    say(input,
        "note: submodules are not fetched; their folders are empty. Commit their files, or fetch them in [build] "
        "command");
    hint += " (submodules are not fetched: their folders are empty)";
  }
  const auto attributes = tree.text(".gitattributes", 1u << 20);
  if (attributes && *attributes && (*attributes)->find("filter=lfs") != std::string::npos) {
    say(input, "note: files kept in Git LFS are not fetched; what stands in their place are pointers of three lines");
    hint += " (files kept in Git LFS are not fetched)";
  }
  return hint;
}

Result<> keep(const fs::path& made, const fs::path& target, std::int64_t entries) {
  if (auto synced = sync_all(made, entries); !synced) return synced;
  if (auto there = make_dirs(target.parent_path(), 0700); !there) return there;
  std::error_code error;
  if (::rename(made.c_str(), target.c_str()) != 0 && !fs::exists(target / "meta.json", error)) {
    return fail(ErrorKind::failed, "keeping the artifact: " + std::generic_category().message(errno));
  }
  sync_dir(target.parent_path());
  return {};
}

// Never replaced as a whole: apps run from it.
Result<> mend_kept(const BuildInput& input, const fs::path& target, const fs::path& made) {
  const auto mended = mend(target, made);
  if (!mended) return fail(mended.error());
  if (*mended == 0) return {};
  say(input, "mended " + std::to_string(*mended) + " damaged files and folders of it");
  return sync_all(target, *mended);
}

}  // namespace

// Held while a key is being built.
class Builder::Turn {
 public:
  static Result<std::unique_ptr<Turn>> take(Builder& builder, const BuildInput& input) {
    std::unique_lock lock(builder.mutex_);
    const auto free = [&] { return !builder.building_.contains(input.key); };
    if (!free()) say(input, "waiting: the same build is running for another deployment");
    const auto left = input.deadline - builder.clock_.now();
    const auto limit = left > Duration{} ? left : Duration(std::chrono::hours(24));  // as in run_build
    if (!builder.freed_.wait_for(lock, input.stop, limit, free)) {
      if (input.stop.stop_requested()) return fail(ErrorKind::cancelled, "the build was stopped");
      return fail(ErrorKind::timed_out, "the same build, running for another deployment, did not end in time");
    }
    builder.building_.insert(input.key);
    return std::unique_ptr<Turn>(new Turn(builder, input.key));
  }
  ~Turn() {
    const std::scoped_lock lock(builder_.mutex_);
    builder_.building_.erase(key_);
    builder_.freed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Turn(Builder& builder, std::string key) : builder_(builder), key_(std::move(key)) {}
  Builder& builder_;
  std::string key_;
};

Builder::Builder(Dirs dirs, source::Repositories& repositories, const sandbox::Sandbox& sandbox, const Clock& clock)
    : dirs_(std::move(dirs)),
      repositories_(repositories),
      sandbox_(sandbox),
      clock_(clock),
      toolchain_(std::make_unique<Toolchain>()),
      disk_([work = dirs_.work] { return missing_room(work); }) {
  // What a crash left; nothing else uses this folder.
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dirs_.work, error)) {
    if (!entry.path().filename().string().starts_with("build-")) continue;
    (void)sandbox::kill_users_of(entry.path() / "");
    (void)remove_tree(entry.path());
  }
}

Builder::~Builder() = default;

Result<Built> Builder::build(const BuildInput& input) {
  auto turn = Turn::take(*this, input);
  if (!turn) return fail(turn.error());
  if (!input.rebuild) {
    if (const auto artifact = kept(input.key)) {
      const auto entry = read_key(dirs_.artifacts, input.key);
      if (reuse(*artifact)) {
        say(input, "reused " + *artifact + ", built from the same commit and variables" +
                       (entry ? " at " + to_rfc3339(entry->built_at) : std::string()));
        return Built{*artifact, true};
      }
      if (auto good = whole(*artifact); !good) say(input, good.error().message + ": building it anew");
    }
  }
  fs::path work;
  {
    const std::scoped_lock lock(mutex_);
    work = dirs_.work / ("build-" + std::to_string(++serial_));
  }
  if (auto gone = remove_tree(work); !gone) return fail(gone.error());
  if (auto made = make_dirs(work / "tree", 0700); !made) return fail(made.error());
  DiskWatch::Build watched(disk_, work, dirs_.caches / input.stack.value);
  auto artifact = [&]() -> Result<std::string> {
    const Time began = clock_.now();
    auto plan = make(input, work, watched);
    if (!plan) return fail(plan.error());
    return place(input, *plan, work, clock_.now() - began);
  }();
  (void)remove_tree(work);
  if (!artifact) return fail(artifact.error());
  return Built{*artifact, false};
}

// Checks out, looks what it is, and runs the build command.
Result<Plan> Builder::make(const BuildInput& input, const fs::path& work, DiskWatch::Build& watched) {
  const fs::path tree = work / "tree";
  if (missing_room(work) > 0) {
    return fail(ErrorKind::failed, "the disk of the data directory has less than " + least_room(work) +
                                       " free, too little to build on; make room there");
  }
  if (auto done = repositories_.checkout(input.stack, input.commit, tree, input.stop); !done) return fail(done.error());
  auto plan = detect(tree);
  if (!plan) return fail(plan.error());
  const std::string hint = note_what_is_not_fetched(input, Tree(tree));
  say(input, "found: " + plan->found);
  std::vector<std::string> tools = plan->build_tools;
  tools.insert(tools.end(), plan->run_tools.begin(), plan->run_tools.end());
  if (auto there = Toolchain::require(tools, plan->found); !there) return fail(there.error());
  const bool holds_memory = sandbox_.groups() != nullptr && sandbox_.groups()->holds_memory();
  if (plan->build_memory > 0 && !holds_memory) {
    say(input, "note: [limits] build_memory is not held on this machine; `sluice doctor` says why");
  }
  if (plan->build.empty()) {
    say(input, "nothing to build");
    return plan;
  }
  say(input, "$ " + plan->build);
  auto ran = run_build(input, *plan, sandbox_, clock_, watched, tree, dirs_.caches / input.stack.value, work);
  if (ran) return plan;
  Error error = ran.error();
  if (error.kind == ErrorKind::failed) error.message += hint;
  return fail(std::move(error));
}

// Makes an artifact of the tree, and puts it where it is found by its name and by its key.
Result<std::string> Builder::place(const BuildInput& input, const Plan& plan, const fs::path& work, Duration took) {
  const Most most{plan.artifact_size.value_or(kArtifactSize), plan.artifact_files.value_or(kArtifactFiles)};
  auto sealed = seal(work / "tree", most, input.stop);
  if (!sealed) return fail(sealed.error());
  // The same files run in another way are another artifact.
  const std::string plan_text = boost::json::serialize(codec::write(plan));
  const std::string artifact = "sha256-" + artifact_digest(sealed->digest, plan_text);
  const auto tools = toolchain_->versions(plan.build_tools);
  const fs::path target = dirs_.artifacts / artifact;
  std::error_code error;
  const bool is_kept = fs::exists(target, error);
  if (!is_kept || input.rebuild || !look_over(target)) {
    const Meta meta{input.key,       input.stack.value, input.stack_name, input.commit, plan.found,  tools,
                    kBuilderVersion, sealed->bytes,     sealed->entries,  clock_.now(), took.count()};
    const fs::path aside = work / "artifact";
    if (auto made = make_dirs(aside, 0755); !made) return fail(made.error());
    if (auto wrote = write_plain(aside / "plan.json", plan_text); !wrote) return fail(wrote.error());
    const std::string meta_text = boost::json::serialize(codec::write(meta));
    if (auto wrote = write_plain(aside / "meta.json", meta_text); !wrote) return fail(wrote.error());
    touch(aside, clock_.now());
    // A folder that its owner may not write cannot be moved by him.
    fs::permissions(work / "tree", fs::perms(0755), error);
    fs::rename(work / "tree", aside / "tree", error);
    if (!error) fs::permissions(aside / "tree", fs::perms(0555), error);
    if (error) return fail(ErrorKind::failed, "keeping the artifact: " + error.message());
    if (auto placed = is_kept ? mend_kept(input, target, aside) : keep(aside, target, sealed->entries); !placed)
      return fail(placed.error());
  }
  touch(target, clock_.now());
  if (is_kept) {
    say(input, "the same as " + artifact + ", which is kept already");
  } else {
    say(input, "built " + artifact + " (" + std::to_string(sealed->entries) + " files and folders, " +
                   size_text(sealed->bytes) + ") in " + human_duration(took));
  }
  if (auto wrote = write_key(dirs_.artifacts, input.key, {artifact, tools, kBuilderVersion, clock_.now()}); !wrote) {
    return fail(wrote.error());
  }
  return artifact;
}

std::optional<std::string> Builder::kept(const std::string& key) const {
  const auto entry = read_key(dirs_.artifacts, key);
  if (!entry || entry->builder != kBuilderVersion || !find(entry->artifact)) return std::nullopt;
  std::vector<std::string> tools;
  for (const auto& [name, version] : entry->tools) tools.push_back(name);
  if (toolchain_->versions(tools) != entry->tools) return std::nullopt;
  return entry->artifact;
}

Result<fs::path> Builder::find(const std::string& artifact) const {
  std::error_code error;
  if (!is_artifact_name(artifact)) return fail(ErrorKind::not_found, "\"" + artifact + "\" is no artifact's name");
  fs::path path = dirs_.artifacts / artifact;
  if (!fs::exists(path / "meta.json", error)) {
    return fail(ErrorKind::not_found,
                "the artifact " + artifact + " was cleaned; it can be built again from its commit");
  }
  return path;
}

Result<> Builder::whole(const std::string& artifact) const {
  const auto path = find(artifact);
  if (!path) return fail(path.error());
  if (auto good = look_over(*path); !good)
    return fail(ErrorKind::failed, "the artifact " + artifact + " is damaged (" + good.error().message + ")");
  return {};
}

bool Builder::reuse(const std::string& artifact) {
  const std::scoped_lock lock(mutex_);  // clean() looks and takes away under it
  if (!whole(artifact)) return false;
  touch(dirs_.artifacts / artifact, clock_.now());
  return true;
}

Result<Plan> Builder::plan(const std::string& artifact) const {
  const auto path = find(artifact);
  if (!path) return fail(path.error());
  const auto text = read_file(*path / "plan.json", 1u << 20);
  if (!text) return fail(text.error());
  boost::json::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error) return fail(ErrorKind::internal, (*path / "plan.json").string() + " is no JSON");
  return codec::read<Plan>(value);
}

}  // namespace sluice::build
