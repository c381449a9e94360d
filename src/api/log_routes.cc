#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "api/fields.h"
#include "api/service.h"
#include "base/codec.h"

// Logs: a piece as text, or followed as server-sent events.
namespace sluice::api {
namespace {

constexpr std::size_t kPiece = 256u << 10;
constexpr std::size_t kLines = 2000;

bool wants_stream(const http::Request& request) {
  return request.headers.get("Accept").value_or("").find("text/event-stream") != std::string::npos;
}

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

// Text as the data of one event. A carriage return would end a line of the stream, and so becomes one; before a line
// break it says nothing more.
std::string frame(const std::string& id, std::string_view text) {
  if (text.empty()) return "";
  std::string out = "id: " + id + "\n";
  const bool whole = text.ends_with('\n');
  if (whole) text.remove_suffix(1);
  while (true) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    if ((whole || end != std::string_view::npos) && line.ends_with('\r')) line.remove_suffix(1);
    out += "data: ";
    for (char c : line) {
      if (c == '\r') {
        out += "\ndata: ";
      } else {
        out += c;
      }
    }
    out += '\n';
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out + "\n";
}

std::string as_text(const std::vector<logs::Line>& lines) {
  std::string out;
  for (const auto& line : lines)
    out += fmt::format("{} {}{}\n", to_rfc3339(line.at), line.instance.empty() ? "" : "[" + line.instance + "] ",
                       line.text);
  return out;
}

http::Response text_answer(std::string text, const std::string& next, bool finished) {
  auto out = answer_text(200, std::move(text));
  out.headers.set("X-Sluice-Next", next);
  out.headers.set("X-Sluice-Finished", finished ? "true" : "false");
  return out;
}

http::Response stream_answer(http::StartStream stream) {
  http::Response out;
  out.headers.set("Content-Type", "text/event-stream");
  out.headers.set("X-Accel-Buffering", "no");
  out.stream = std::move(stream);
  return out;
}

// A reconnecting client names the last it has seen; that wins over the query.
std::string resume_after(const http::Request& request) {
  auto last = request.headers.get("Last-Event-ID");
  return last && !last->empty() ? *last : query_after(request);
}

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
    return text_answer(std::move(piece->text), log.cursor(), piece->finished);
  }
  auto stream = service.followers.stream(call.caller.credential, [log]() mutable -> Followers::Piece {
    auto piece = log.next();
    if (!piece) return {"", true};
    return {frame(log.cursor(), piece->text), piece->finished};
  });
  if (!stream) return fail(stream.error());
  return stream_answer(std::move(*stream));
}

Answer read_stage_log(Service& service, const Call& call) {
  const auto& kind = call.param("kind");
  if (kind != "runtime" && kind != "access")
    return fail(ErrorKind::not_found, "logs of a stage are \"runtime\" or \"access\", not " + in_quotes(kind));
  auto since = query_since(call.request, service.deps.clock.now());
  if (!since) return fail(since.error());
  auto limit = query_limit(call.request, kLines, kLines);
  if (!limit) return fail(limit.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto found = stage_of(**stack, call.param("stage"));
  if (!found) return fail(found.error());

  using Read = std::function<Result<logs::Lines>(const std::string& cursor)>;
  Read read;
  const pipeline::Stage stage = **found;
  const std::string stack_name = (*stack)->name;
  if (kind == "runtime") {
    auto dir = service.deps.logs.runtime_dir((*stack)->id.value, stage.id.value);
    read = [dir, since = *since, limit = *limit](const std::string& cursor) {
      return logs::read_lines(dir, cursor.empty() ? since : std::nullopt, cursor, limit);
    };
  } else {
    read = [&service, stage, stack_name, since = *since,
            limit = *limit](const std::string& cursor) -> Result<logs::Lines> {
      if (!service.deps.access_lines) return logs::Lines{{}, cursor};
      return service.deps.access_lines(stage, stack_name, cursor.empty() ? since : std::nullopt, cursor, limit);
    };
  }
  auto cursor = resume_after(call.request);
  if (!wants_stream(call.request)) {
    auto lines = read(cursor);
    if (!lines) return fail(lines.error());
    return text_answer(as_text(lines->lines), lines->cursor, false);
  }
  // Over when the stage is gone: nothing can come any more.
  auto stream = service.followers.stream(
      call.caller.credential, [&service, read, cursor, stack_name, id = stage.id]() mutable -> Followers::Piece {
        auto now = service.deps.conductor.snapshot(stack_name);
        const bool over = !now || pipeline::find_stage(*now, id) == nullptr;
        auto lines = read(cursor);
        if (!lines) return {"", true};
        cursor = lines->cursor;
        return {frame(cursor, as_text(lines->lines)), over};
      });
  if (!stream) return fail(stream.error());
  return stream_answer(std::move(*stream));
}

}  // namespace sluice::api
