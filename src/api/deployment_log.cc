#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/fields.h"
#include "api/log_answers.h"
#include "api/service.h"
#include "base/codec.h"

// The logs of a deployment's steps.
namespace sluice::api {
namespace {

constexpr std::size_t kPiece = 256u << 10;

std::optional<std::uint64_t> to_offset(std::string_view text) {
  std::uint64_t out = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// Where a reader of a deployment's logs is: a step and a byte in it. Written "building:1234", or "1234" where the step
// was asked for.
struct Place {
  std::string step;
  std::uint64_t offset = 0;
};
struct Piece {
  std::string text;
  bool finished = false;
};

// Reads one deployment's logs, one step or all in their order.
class DeploymentLog {
 public:
  DeploymentLog(Service& service, pipeline::StackId stack, std::string stack_name, pipeline::StageId stage,
                pipeline::DeploymentId deployment, std::string only, Place place)
      : service_(&service),
        stack_(std::move(stack)),
        stack_name_(std::move(stack_name)),
        stage_(std::move(stage)),
        deployment_(std::move(deployment)),
        only_(std::move(only)),
        place_(std::move(place)) {}

  // What follows; whole lines where they are not longer than a piece.
  Result<Piece> next() {
    // Asked before the log is read: what an ended deployment had to say is written.
    const bool ended = is_over();
    Piece piece;
    while (piece.text.size() < kPiece) {
      auto steps = service_->deps.logs.steps(stack_.value, stage_.value, deployment_.value);
      auto at = std::find(steps.begin(), steps.end(), only_.empty() ? place_.step : only_);
      if (at == steps.end()) {
        if (!only_.empty() || !place_.step.empty() || steps.empty()) {
          piece.finished = ended;
          return piece;
        }
        at = steps.begin();
        place_ = {*at, 0};
      }
      auto chunk = service_->deps.logs.read({stack_.value, stage_.value, deployment_.value, *at}, place_.offset,
                                            kPiece - piece.text.size());
      if (!chunk) {
        if (chunk.error().kind != ErrorKind::not_found) return fail(chunk.error());
        piece.finished = ended;
        return piece;
      }
      auto text = std::move(chunk->text);
      const bool last = only_.empty() ? at + 1 == steps.end() : true;
      auto whole = text.rfind('\n');
      if (!(chunk->finished || ended) && whole != std::string::npos) text.resize(whole + 1);
      if (!(chunk->finished || ended) && whole == std::string::npos && text.size() < kPiece / 2) text.clear();
      place_.offset += text.size();
      piece.text += text;
      if (!text.empty()) continue;
      if (last) {
        piece.finished = ended || (!only_.empty() && chunk->finished);
        return piece;
      }
      place_ = {*(at + 1), 0};
    }
    return piece;
  }

  [[nodiscard]] std::string cursor() const {
    if (!only_.empty()) return std::to_string(place_.offset);
    return place_.step.empty() ? "" : place_.step + ":" + std::to_string(place_.offset);
  }

 private:
  [[nodiscard]] bool is_over() const {
    auto stack = service_->deps.conductor.snapshot(stack_name_);
    if (!stack || stack->id != stack_) return true;
    const auto* stage = pipeline::find_stage(*stack, stage_);
    if (stage == nullptr) return true;
    return !(stage->active && stage->active->id == deployment_) &&
           !(stage->waiting && stage->waiting->id == deployment_);
  }

  Service* service_;
  pipeline::StackId stack_;
  std::string stack_name_;
  pipeline::StageId stage_;
  pipeline::DeploymentId deployment_;
  std::string only_;
  Place place_;
};

bool is_step(const std::string& name) {
  auto state = codec::enum_from<pipeline::DeploymentState>(name);
  return state && *state != pipeline::DeploymentState::queued && !pipeline::is_end(*state);
}

}  // namespace

Answer read_deployment_log(Service& service, const Call& call) {
  auto row = service.deps.store.deployment(pipeline::DeploymentId{call.param("deployment")});
  if (!row) return fail(row.error());
  auto step = query_text(call.request, "step").value_or("");
  if (!step.empty() && !is_step(step))
    return fail_field("step", "must be the name of a step, such as building or releasing, not " + in_quotes(step));
  Place place;
  if (auto after = resume_after(call.request); !after.empty()) {
    auto colon = after.find(':');
    auto offset = to_offset(colon == std::string::npos ? after : after.substr(colon + 1));
    place.step = colon == std::string::npos ? "" : after.substr(0, colon);
    const bool fits = step.empty() ? is_step(place.step) || after == "0" : place.step.empty() || place.step == step;
    if (!offset || !fits)
      return fail(field_errors({{"after", "is not where an answer of this log ended; begin anew"}}));
    place.offset = *offset;
  }
  DeploymentLog log(service, row->stack, row->stack_name, row->stage, row->id, step, place);
  if (!wants_stream(call.request)) {
    auto piece = log.next();
    if (!piece) return fail(piece.error());
    const bool more = !piece->text.empty() && !piece->finished;
    return text_answer(std::move(piece->text), log.cursor(), piece->finished, more);
  }
  auto stream = service.followers.stream(call.caller.credential, [log]() mutable -> Followers::Piece {
    auto piece = log.next();
    if (!piece) return {"", true};
    return {frame(log.cursor(), piece->text), piece->finished};
  });
  if (!stream) return fail(stream.error());
  return stream_answer(std::move(*stream));
}

}  // namespace sluice::api
