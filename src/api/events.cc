#include <charconv>

#include "api/fields.h"
#include "api/service.h"

namespace sluice::api {

// Everything that changes, as it is committed. Without Last-Event-ID from now on; with it, without a gap or with a
// reset.
Answer follow_events(Service& service, const Call& call) {
  const auto stack = query_text(call.request, "stack").value_or("");
  if (!stack.empty()) {
    if (auto known = service.stack(stack); !known) return fail(known.error());
  }
  auto after = service.deps.store.last_seq();
  if (auto last = call.request.headers.get("Last-Event-ID"); last && !last->empty()) {
    auto [end, failed] = std::from_chars(last->data(), last->data() + last->size(), after);
    if (failed != std::errc{} || end != last->data() + last->size() || after < 0)
      return fail(field_errors({{"Last-Event-ID", "must be the id of an event, not " + in_quotes(*last)}}));
  }
  auto stream = service.events.stream(call.caller.credential, stack, after);
  if (!stream) return fail(stream.error());
  http::Response out;
  out.headers.set("Content-Type", "text/event-stream");
  out.headers.set("X-Accel-Buffering", "no");
  out.stream = std::move(*stream);
  return out;
}

}  // namespace sluice::api
