#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "api/fields.h"
#include "api/service.h"
#include "api/views.h"

// Git's smart HTTP. Git itself speaks it; here is who may, and what a pusher is told.
namespace sluice::api {
namespace {

// Where the change goes, who is asked on the way, how to follow it, and where to look (R1.3).
std::string announcement(Service& service, const pipeline::Stack& stack, pipeline::ChangeNumber change) {
  std::string way, asks;
  for (const auto& stage : stack.stages) {
    way += (way.empty() ? "" : ", ") + stage.name;
    if (stage.config.requires_approval) asks += (asks.empty() ? "" : ", ") + stage.name + " asks for approval";
  }
  if (stack.stages.empty()) way = "no stage yet (sluice stage add " + stack.name + " dev)";
  auto out = fmt::format("change #{} -> {}{}\n", change, way, asks.empty() ? "" : " (" + asks + ")");
  out += fmt::format("follow: sluice status {} --watch\n", stack.name);
  if (!stack.stages.empty())
    out += fmt::format("address: {}\n", service.deps.stage_url(stack.name, stack.stages.front()));
  return out;
}

// The branch did not move: somebody who expects a deployment is told why there is none.
std::string no_change(Service& service, const CheckIns::Look& look) {
  const auto& branch = look.stack->source.branch;
  const auto url = git_url(service, look.stack->name);  // what the remote is called there is not known here
  auto branches = service.deps.repositories.branches(look.stack->id);
  auto has = [&](const char* name) { return std::find(branches.begin(), branches.end(), name) != branches.end(); };
  if (!look.tip && look.stack->newest)
    return fmt::format("{} is gone here: no change. What runs goes on running; push {} again to go on\n", branch,
                       branch);
  std::string out;
  if (!look.tip) {
    out = fmt::format("no change: {} follows the branch {}, which has no commit yet\n", look.stack->name, branch);
    for (const char* other : {"master", "main"})
      if (branch != other && has(other))
        out += fmt::format("you pushed {}; to deploy it: git push {} HEAD:{}\n", other, url, branch);
    if (out.find("to deploy it") == std::string::npos && !branches.empty())
      out += fmt::format("to deploy what you have here: git push {} HEAD:{}\n", url, branch);
    return out;
  }
  return fmt::format(
      "no new change: {0} is where change #{1} left it\nonly {0} is deployed; to deploy what you have here: "
      "git push {2} HEAD:{0}\n",
      branch, look.stack->newest ? look.stack->newest->number : 0, url);
}

void refuse(Service& service, http::Exchange& exchange, int status, const std::string& sentence) {
  auto response = answer_text(status, sentence + "\n");
  harden(response.headers, service.guard.tls());
  service.figures.count(exchange.request().method, status);
  exchange.head(status, response.headers);
  if (auto written = exchange.write(response.body); !written) spdlog::debug("api: git: {}", written.error().message);
}

}  // namespace

void git_exchange(Service& service, const Call& call, http::Exchange& exchange) {
  const auto& request = call.request;
  const auto& name = call.param("stack");
  auto stack = service.stack(name);
  if (!stack || (*stack)->deleting || (*stack)->source.kind != pipeline::SourceKind::hosted)
    return refuse(service, exchange, 404,
                  fmt::format("there is no repository {} here; \"sluice stack list\" shows what there is", name));

  const auto wanted = query_text(request, "service").value_or("");
  const std::string_view path = request.path;
  const bool advertises = path.ends_with("/info/refs");
  if (advertises && wanted != "git-upload-pack" && wanted != "git-receive-pack")
    return refuse(service, exchange, 400, "only Git's smart protocol is spoken here; use a Git from this decade");
  // Said at the first request of a push, before anything is sent.
  if (wanted == "git-receive-pack" && call.actor().role == pipeline::Role::viewer)
    return refuse(service, exchange, 403, fmt::format("{} is a viewer; pushing needs a developer", call.actor().name));

  // Where the folder was lost, a push brings everything back.
  const bool pushes = wanted == "git-receive-pack" || path.ends_with("/git-receive-pack");
  if (pushes) {
    if (auto there = service.deps.repositories.create((*stack)->id, (*stack)->source.branch); !there)
      return refuse(service, exchange, 503, there.error().message);
  }

  source::GitRequest git;
  git.method = request.method;
  git.path_info = std::string(path.substr(path.find(".git/") + 4));
  git.query = request.raw_query;
  git.content_type = request.headers.get("Content-Type").value_or("");
  git.content_encoding = request.headers.get("Content-Encoding").value_or("");
  git.protocol = request.headers.get("Git-Protocol").value_or("");
  git.user = call.actor().name;
  git.read_body = [&](char* into, std::size_t size) { return exchange.read(into, size); };

  bool begun = false;
  source::GitAnswer reply;
  reply.head = [&](int status, const std::vector<std::pair<std::string, std::string>>& headers) {
    begun = true;
    http::Headers out;
    for (const auto& [header, value] : headers) out.set(header, value);
    harden(out, service.guard.tls());
    service.figures.count(request.method, status);
    exchange.head(status, out);
  };
  reply.body = [&](std::string_view bytes) { return exchange.write(bytes); };

  pipeline::Actor pusher = call.actor();
  pusher.kind = pipeline::ActorKind::git;
  auto pushed = [&]() -> Result<std::string> {
    auto looked = service.check_ins.look(name, pusher);
    if (!looked) {
      service.attendant.look_again(name);
      return fail(looked.error());
    }
    return looked->change > 0 ? announcement(service, *looked->stack, looked->change) : no_change(service, *looked);
  };
  auto served = service.deps.repositories.serve((*stack)->id, git, reply, pushed);
  if (served) return;
  spdlog::warn("api: git {} {}: {}", request.method, request.path, served.error().message);
  if (!begun) refuse(service, exchange, status_of(served.error().kind), served.error().message);
}

}  // namespace sluice::api
