#include "api/log_answers.h"

#include "api/answers.h"
#include "api/fields.h"

namespace sluice::api {

bool wants_stream(const http::Request& request) {
  return request.headers.get("Accept").value_or("").find("text/event-stream") != std::string::npos;
}

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

http::Response text_answer(std::string text, const std::string& next, bool finished, bool more) {
  auto out = answer_text(200, std::move(text));
  out.headers.set("X-Sluice-Next", next);
  out.headers.set("X-Sluice-Finished", finished ? "true" : "false");
  out.headers.set("X-Sluice-More", more ? "true" : "false");
  return out;
}

http::Response stream_answer(http::StartStream stream) {
  http::Response out;
  out.headers.set("Content-Type", "text/event-stream");
  out.headers.set("X-Accel-Buffering", "no");
  out.stream = std::move(stream);
  return out;
}

std::string resume_after(const http::Request& request) {
  auto last = request.headers.get("Last-Event-ID");
  return last && !last->empty() ? *last : query_after(request);
}

}  // namespace sluice::api
