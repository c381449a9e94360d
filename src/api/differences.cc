#include "api/differences.h"

namespace sluice::api {
namespace {

constexpr std::size_t kCommitsShown = 200, kFilesShown = 300;

const char* word_of(source::Direction direction) {
  switch (direction) {
    case source::Direction::same:
      return "same";
    case source::Direction::forward:
      return "forward";
    case source::Direction::back:
      return "back";
    case source::Direction::sideways:
      return "sideways";
    case source::Direction::unknown:
      return "unknown";
  }
  return "unknown";
}

json::array commits_view(const std::vector<source::Commit>& commits) {
  json::array out;
  for (const auto& commit : commits) {
    out.push_back(json::object{{"commit", commit.commit},
                               {"message", commit.message},
                               {"author", json::object{{"name", commit.author.name}, {"email", commit.author.email}}},
                               {"at", to_rfc3339(commit.at)}});
  }
  return out;
}

json::object files_view(const source::Difference& difference) {
  json::array files;
  for (const auto& file : difference.files) {
    json::object one{{"path", file.path}};
    if (!file.was.empty()) one["was"] = file.was;
    if (file.binary) {
      one["binary"] = true;
    } else {
      one["added"] = file.added;
      one["removed"] = file.removed;
    }
    files.push_back(std::move(one));
  }
  return json::object{
      {"total", difference.total}, {"added", difference.added}, {"removed", difference.removed}, {"items", files}};
}

void put_changed(const char* kind, const secrets::Variables& then, const secrets::Variables& now, json::array& out) {
  const auto add = [&](const std::string& name) { out.push_back(json::string(std::string(kind) + "/" + name)); };
  for (const auto& [name, variable] : now) {
    auto old = then.find(name);
    if (old == then.end() || old->second != variable) add(name);
  }
  for (const auto& [name, variable] : then)
    if (!now.contains(name)) add(name);
}

}  // namespace

Result<> put_differences(Service& service, const pipeline::StackId& stack, const std::string& from,
                         const std::string& to, json::object& out) {
  auto& repositories = service.deps.repositories;
  const auto direction = from.empty() ? source::Direction::forward : repositories.direction(stack, from, to);
  out["direction"] = word_of(direction);
  std::size_t total = 0;
  auto commits = repositories.commits_between(stack, from, to, kCommitsShown, &total);
  if (!commits) return fail(commits.error());
  out["total"] = total;
  out["commits"] = commits_view(*commits);
  if (from.empty()) return {};
  // Going back, what ships is that these go away.
  if (direction != source::Direction::forward && direction != source::Direction::same) {
    std::size_t dropped = 0;
    if (auto gone = repositories.commits_between(stack, to, from, kCommitsShown, &dropped)) {
      out["dropped_total"] = dropped;
      out["dropped"] = commits_view(*gone);
    }
  }
  // What git cannot compare, such as a commit that is gone, keeps nobody from deciding.
  if (auto files = repositories.files_between(stack, from, to, kFilesShown)) out["files"] = files_view(*files);
  return {};
}

std::optional<json::array> settings_changed(Service& service, const pipeline::StageId& stage, pipeline::Revision from,
                                            pipeline::Revision to) {
  json::array out;
  if (from == to) return out;
  auto then = service.deps.secrets.read(stage, from);
  auto now = service.deps.secrets.read(stage, to);
  if (!then || !now) return std::nullopt;
  put_changed("build", then->build, now->build, out);
  put_changed("runtime", then->runtime, now->runtime, out);
  if (then->config.endpoint != now->config.endpoint) out.push_back("endpoint");
  if (then->config.caching != now->config.caching) out.push_back("caching");
  if (then->config.access != now->config.access) out.push_back("access");
  const bool same_url = then->database_url == now->database_url;
  if (then->config.database != now->config.database || !same_url) out.push_back("database");
  return out;
}

}  // namespace sluice::api
