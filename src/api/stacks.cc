#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <tuple>

#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"

namespace sluice::api {
namespace {

// A cautious part of what git check-ref-format allows.
bool is_branch(const std::string& name) {
  if (name.empty() || name.size() > 200 || name == "HEAD") return false;
  if (name.front() == '-' || name.front() == '/' || name.back() == '/' || name.back() == '.') return false;
  for (char c : name) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("._-/+").find(c) == std::string_view::npos) return false;
  }
  for (const char* never : {"..", "//", "/.", ".lock/"})
    if (name.find(never) != std::string::npos) return false;
  return name.front() != '.' && !name.ends_with(".lock");
}

struct RepositoryEdit {
  std::optional<std::string> branch;
};
RepositoryEdit read_repository(Fields& fields) {
  RepositoryEdit out;
  const auto* object = fields.object("repository");
  if (object == nullptr) return out;
  Fields repository(*object, "repository.");
  if (repository.text("url", 4096))
    repository.wrong("url",
                     "remote repositories are not available yet; leave it out, and push to the one Sluice makes");
  out.branch = repository.text("branch", 200);
  if (out.branch && !is_branch(*out.branch))
    repository.wrong("branch", in_quotes(*out.branch) + " cannot be the name of a branch here");
  fields.take(std::move(repository));
  return out;
}

Answer with_etag(Service& service, const pipeline::Stack& stack, int status) {
  auto out = answer(status, stack_view(service, stack));
  out.headers.set("ETag", etag_of(stack));
  return out;
}

using Place = std::tuple<Time, std::string_view>;  // newest first; the name decides between equals
Place place_of(const pipeline::Stack& stack) { return {stack.made_at, stack.name}; }
bool comes_first(const Place& a, const Place& b) {
  return std::get<0>(a) != std::get<0>(b) ? std::get<0>(a) > std::get<0>(b) : std::get<1>(a) < std::get<1>(b);
}

// The branch that a clone of its repository checks out.
Result<> point_at(Service& service, const pipeline::Stack& stack, const std::string& branch) {
  auto set = service.deps.repositories.set_branch(stack.id, branch);
  if (set) return {};
  if (set.error().kind == ErrorKind::invalid) return fail(field_errors({{"repository.branch", set.error().message}}));
  return fail(ErrorKind::unavailable, fmt::format("the repository of {} cannot be pointed at {} now; try again: {}",
                                                  stack.name, branch, set.error().message));
}

}  // namespace

Answer list_stacks(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto stacks = service.deps.conductor.snapshots();
  std::erase_if(stacks, [](const auto& stack) { return stack->gone; });
  std::sort(stacks.begin(), stacks.end(),
            [](const auto& a, const auto& b) { return comes_first(place_of(*a), place_of(*b)); });
  auto from = stacks.begin();
  if (auto after = query_after(call.request); !after.empty()) {
    // "TIME.NAME" of the last one seen: it holds also when that one is gone.
    auto dot = after.rfind('.');
    auto time = dot == std::string::npos ? std::nullopt : from_rfc3339(after.substr(0, dot));
    if (!time) return fail(field_errors({{"after", "is no cursor of this list; begin anew"}}));
    Place last{*time, std::string_view(after).substr(dot + 1)};
    from = std::find_if(stacks.begin(), stacks.end(), [&](const auto& s) { return comes_first(last, place_of(*s)); });
  }
  const auto many = std::min(*limit, static_cast<std::size_t>(stacks.end() - from));
  const std::vector<conductor::Snapshot> page(from, from + static_cast<std::ptrdiff_t>(many));
  json::array items;
  for (auto& view : stack_views(service, page)) items.push_back(std::move(view));
  std::string next;
  if (from + static_cast<std::ptrdiff_t>(many) != stacks.end())
    next = to_rfc3339(page.back()->made_at) + "." + page.back()->name;
  return answer_page(std::move(items), next);
}

Answer create_stack(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto name = fields.need_text("name");
  need_label(fields, "name", name);
  auto repository = read_repository(fields);
  auto stage = fields.text("stage").value_or("dev");
  if (stage.empty()) fields.wrong("stage", "must not be empty; leave it out for \"dev\"");
  need_label(fields, "stage", stage);
  if (auto end = fields.end(); !end) return fail(end.error());

  pipeline::Source source;
  source.branch = repository.branch.value_or("main");
  auto& repositories = service.deps.repositories;
  auto outcome = service.deps.conductor.create_stack(
      name, source, stage, {}, call.actor(),
      [&](const pipeline::StackId& id) { return repositories.create(id, source.branch); }, call.remember);
  if (!outcome) return fail(outcome.error());
  auto out = with_etag(service, *outcome->stack, 201);  // where to push is in it
  out->headers.set("Location", "/api/v1/stacks/" + name);
  return out;
}

Answer show_stack(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  return with_etag(service, **stack, 200);
}

Answer change_stack(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto repository = read_repository(fields);
  if (fields.any("name") != nullptr) fields.wrong("name", "is given once, when the stack is made");
  if (auto end = fields.end(); !end) return fail(end.error());

  const auto& name = call.param("stack");
  std::lock_guard lock(service.editing);
  auto stack = service.stack(name);
  if (!stack) return fail(stack.error());
  if (auto refused = precondition(call.request, etag_of(**stack))) return *refused;
  if (!repository.branch) return with_etag(service, **stack, 200);

  // The repository first: refused, nothing has changed. Also where the state has the branch already, so that the same
  // request once more mends what a crash in between left apart.
  if (auto set = point_at(service, **stack, *repository.branch); !set) return fail(set.error());
  if (*repository.branch == (*stack)->source.branch) return with_etag(service, **stack, 200);
  auto source = (*stack)->source;
  source.branch = *repository.branch;
  auto outcome = service.deps.conductor.submit(name, {call.actor(), pipeline::SetSource{source}});
  if (!outcome) {
    if (auto back = point_at(service, **stack, (*stack)->source.branch); !back)
      spdlog::warn("api: after a refusal: {}", back.error().message);
    return fail(outcome.error());
  }
  // The new branch may have commits already: its tip is a check-in (R1.3).
  auto looked = service.check_ins.look(name, call.actor());
  if (!looked) service.attendant.look_again(name);
  return with_etag(service, looked ? *looked->stack : *outcome->stack, 200);
}

Answer delete_stack(Service& service, const Call& call) {
  const auto& name = call.param("stack");
  auto stack = service.stack(name);
  if (!stack) return fail(stack.error());
  if (query_text(call.request, "confirm").value_or("") != "delete")
    return fail(field_errors({{"confirm", fmt::format("type the word delete to delete {} and its {} stages", name,
                                                      (*stack)->stages.size())}}));
  if (auto noted = service.attendant.expect_departure((*stack)->id, name); !noted) return fail(noted.error());
  auto outcome = service.deps.conductor.submit(name, {call.actor(), pipeline::DeleteStack{}});
  if (!outcome) {
    auto now = service.deps.conductor.snapshot(name);
    if (now && now->id == (*stack)->id && !now->deleting) service.attendant.forget((*stack)->id);
    return fail(outcome.error());
  }
  return answer(202, stack_view(service, *outcome->stack));
}

}  // namespace sluice::api
