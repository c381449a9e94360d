#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>

#include "api/fields.h"
#include "api/log_answers.h"
#include "api/service.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "logs/search.h"

// What a stage's instances write, and who asked it for what.
namespace sluice::api {
namespace {

constexpr std::size_t kLines = 2000;
constexpr std::size_t kMostWords = 200;

using Write = std::string (*)(const logs::Line& line);

std::string as_text(const logs::Line& line) {
  const auto lead = fmt::format("{} {}", to_rfc3339(line.at), line.instance.empty() ? "" : "[" + line.instance + "] ");
  const auto gap = line.after_gap ? lead + "(lines are missing here: they were removed before they were read)\n" : "";
  return gap + lead + line.text + "\n";
}

// "12.3.0", as the platform names its instances: change, attempt, instance.
std::optional<std::array<std::int64_t, 3>> numbers_of(const std::string& instance) {
  std::array<std::int64_t, 3> out{};
  const char* at = instance.data();
  const char* const end = at + instance.size();
  for (std::size_t i = 0; i < 3; ++i) {
    const auto [next, failed] = std::from_chars(at, end, out[i]);
    if (failed != std::errc{} || (i < 2 ? next == end || *next != '.' : next != end)) return std::nullopt;
    at = next + 1;
  }
  return out;
}

std::string as_json(const logs::Line& line) {
  json::object out{{"at", to_rfc3339(line.at)}};
  if (const auto numbers = numbers_of(line.instance)) {
    out["change"] = (*numbers)[0];
    out["attempt"] = (*numbers)[1];
    out["instance"] = (*numbers)[2];
  }
  if (const auto level = logs::level_of(line.text)) out["level"] = codec::enum_name(*level);
  out["text"] = to_utf8(line.text);
  if (line.after_gap) out["after_gap"] = true;
  return json::serialize(out) + "\n";
}

std::string written(const std::vector<logs::Line>& lines, Write write) {
  std::string out;
  for (const auto& line : lines) out += write(line);
  return out;
}

Result<logs::Search> search_asked(const http::Request& request, bool access) {
  logs::Search out;
  out.words = query_text(request, "grep").value_or("");
  if (out.words.size() > kMostWords || out.words.find('\n') != std::string::npos)
    return fail_field("grep", fmt::format("must be one line of at most {} bytes", kMostWords));
  const auto level = query_text(request, "level");
  if (!level) return out;
  if (access) return fail_field("level", "goes with the runtime log: requests have no level");
  out.level = codec::enum_from<logs::Level>(*level);
  if (!out.level)
    return fail_field("level", "must be trace, debug, info, warn, error or fatal, not " + in_quotes(*level));
  return out;
}

Result<Write> form_asked(const http::Request& request) {
  const auto form = query_text(request, "format").value_or("text");
  if (form == "text") return &as_text;
  if (form == "json") return &as_json;
  return fail_field("format", "must be text or json, not " + in_quotes(form));
}

// Of one log: reads on from a cursor.
using Read = std::function<Result<logs::Lines>(const std::string& cursor)>;

}  // namespace

Answer read_stage_log(Service& service, const Call& call) {
  const auto& kind = call.param("kind");
  if (kind != "runtime" && kind != "access")
    return fail(ErrorKind::not_found, "logs of a stage are \"runtime\" or \"access\", not " + in_quotes(kind));
  auto since = query_since(call.request, service.deps.clock.now());
  if (!since) return fail(since.error());
  auto limit = query_limit(call.request, kLines, kLines);
  if (!limit) return fail(limit.error());
  auto search = search_asked(call.request, kind == "access");
  if (!search) return fail(search.error());
  auto form = form_asked(call.request);
  if (!form) return fail(form.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto found = stage_of(**stack, call.param("stage"));
  if (!found) return fail(found.error());

  std::function<bool(std::string_view)> keep;
  if (!search->everything()) keep = [search = *search](std::string_view line) { return search.wants(line); };
  Read read;
  const pipeline::Stage stage = **found;
  const std::string stack_name = (*stack)->name;
  if (kind == "runtime") {
    auto dir = service.deps.logs.runtime_dir((*stack)->id.value, stage.id.value);
    read = [dir, since = *since, limit = *limit, keep](const std::string& cursor) {
      return logs::read_lines(dir, cursor.empty() ? since : std::nullopt, cursor, limit, keep);
    };
  } else {
    read = [&service, stage, stack_name, since = *since, limit = *limit,
            keep](const std::string& cursor) -> Result<logs::Lines> {
      if (!service.deps.access_lines) return logs::Lines{{}, cursor};
      return service.deps.access_lines(stage, stack_name, cursor.empty() ? since : std::nullopt, cursor, limit, keep);
    };
  }
  auto cursor = resume_after(call.request);
  if (!wants_stream(call.request)) {
    auto lines = read(cursor);
    if (!lines) return fail(lines.error());
    auto out = text_answer(written(lines->lines, *form), lines->cursor, false, lines->more);
    if (*form == &as_json) out.headers.set("Content-Type", "application/x-ndjson");
    return out;
  }
  // Over when the stage is gone: nothing can come any more.
  auto stream = service.followers.stream(
      call.caller.credential, [&service, read, cursor, stack_name, form = *form, id = stage.id]() mutable {
        auto now = service.deps.conductor.snapshot(stack_name);
        const bool over = !now || pipeline::find_stage(*now, id) == nullptr;
        auto lines = read(cursor);
        if (!lines) return Followers::Piece{"", true};
        cursor = lines->cursor;
        return Followers::Piece{frame(cursor, written(lines->lines, form)), over, lines->more, cursor};
      });
  if (!stream) return fail(stream.error());
  return stream_answer(std::move(*stream));
}

}  // namespace sluice::api
