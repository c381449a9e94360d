#pragma once
#include <string>
#include <string_view>

#include "http/message.h"

// What every log's answers have in common: a piece as text, or followed as server-sent events.
namespace sluice::api {

bool wants_stream(const http::Request& request);
// Text as the data of one event, nothing for none. A carriage return would end a line of the stream, and so becomes
// one; before a line break it says nothing more.
std::string frame(const std::string& id, std::string_view text);
// `next`: where to go on. `finished`: nothing more will ever come; `more`: there may be more right now.
http::Response text_answer(std::string text, const std::string& next, bool finished, bool more);
http::Response stream_answer(http::StartStream stream);
// Where to begin. A reconnecting client names the last it has seen; that wins over the query.
std::string resume_after(const http::Request& request);

}  // namespace sluice::api
