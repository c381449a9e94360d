#pragma once
#include <string>
#include <string_view>

#include "http/message.h"

namespace sluice::http {

// How the body that follows a head is delimited.
enum class Framing { length, chunked, until_close, none };

// The head of an answer, its empty line included. Fields that frame the message (Content-Length, Transfer-Encoding,
// Connection, Date) are the server's: a handler's are left out, and so is a field that holds a control character.
// `length` counts for Framing::length only.
std::string render_head(int status, const Headers& headers, Framing framing, std::size_t length, bool keep_alive);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)
std::string http_date(std::int64_t unix_seconds);

void append_chunk_head(std::string& out, std::size_t size);
// Appends one chunk of a chunked body; the empty one would end it and is left out.
void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sluice::http
