#include <fmt/format.h>
#include <algorithm>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

bool is_commit(const std::string& text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 40 && std::all_of(text.begin(), text.end(), is_hex);
}

// Git's own rules for a branch, the part that can be said without Git.
bool is_branch(const std::string& text) {
  if (text.empty() || text.size() > 200 || text.front() == '-' || text.front() == '/' || text.back() == '/')
    return false;
  if (text.back() == '.' || text.ends_with(".lock") || text == "@") return false;
  for (const char* never : {"..", "//", "@{", "/."}) {
    if (text.find(never) != std::string::npos) return false;
  }
  return text.front() != '.' && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
                  std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
         });
}

}  // namespace

Result<> check_source(const Source& source) {
  if (!is_branch(source.branch)) {
    return fail_field("branch", fmt::format("\"{}\" is not the name of a branch", source.branch));
  }
  if (source.kind == SourceKind::hosted) {
    return source.url.empty() ? Result<>{}
                              : fail_field("url", "a hosted repository has no address of its own; leave it out");
  }
  if (source.url.empty()) return fail_field("url", "the address of the remote repository is missing");
  const std::size_t scheme = source.url.find("://");
  if (scheme != std::string::npos) {
    const std::string authority = source.url.substr(scheme + 3, source.url.find('/', scheme + 3) - scheme - 3);
    const std::size_t at = authority.rfind('@');
    if (at != std::string::npos && authority.substr(0, at).find(':') != std::string::npos) {
      return fail_field("url", "the address has a password in it; give it as a token or a deploy key instead");
    }
  }
  return {};
}

Result<std::vector<Event>> create(const StackId& id, const std::string& name, const Source& source,
                                  const std::string& first_stage, const StageConfig& config, const Actor& actor,
                                  Time now) {
  if (actor.kind != ActorKind::system && actor.role != Role::admin) {
    return fail(ErrorKind::forbidden, "only an admin may create a stack; ask one");
  }
  if (!is_dns_label(name)) {
    return fail_field("name",
                      fmt::format("\"{}\" must be 1 to 32 of a-z, 0-9 and -, neither first nor last a -", name));
  }
  if (auto right = check_source(source); !right) return fail(right.error());
  static const Limits kDefault;
  Deciding d{Stack{}, actor, now, kDefault, {}};
  d.emit(StackCreated{id, name, source});
  AddStage first;
  first.name = first_stage.empty() ? "dev" : first_stage;
  first.config = config;
  if (auto added = on(d, first); !added) return fail(added.error());
  return std::move(d.events);
}

Result<> on(Deciding& d, const CheckIn& c) {
  if (!is_commit(c.commit))
    return fail_field("commit", fmt::format("\"{}\" is not a commit of 40 hex digits", c.commit));
  if (!c.branch.empty() && c.branch != d.stack.source.branch) return {};
  if (d.stack.newest && d.stack.newest->commit == c.commit) return {};
  const ChangeRef change{d.stack.newest ? d.stack.newest->number + 1 : 1, c.commit};
  d.emit(CheckedIn{change, d.stack.source.branch, c.message, c.author, c.authored_at});
  if (!d.stack.stages.empty()) offer(d, d.stack.stages.front().id, change);
  return {};
}

Result<> on(Deciding& d, const SetSource& c) {
  if (auto right = check_source(c.source); !right) return right;
  if (c.source != d.stack.source) d.emit(SourceChanged{c.source});
  return {};
}

}  // namespace sluice::pipeline
