#pragma once
#include <string>
#include <string_view>

// Git's pkt-line framing (gitprotocol-pack): four hex digits of length, these four included, then the bytes; 0000
// flushes. With side-band-64k the first byte of each packet says what it is: 1 data, 2 progress ("remote: …"), 3 a
// fatal error.
namespace sluice::source {

// True when `answer` is nothing but side-band packets and a flush at its end: the client asked for side-band-64k.
bool is_sideband(std::string_view answer);
// `answer` (is_sideband) with `text` as progress before the final flush.
std::string with_progress(std::string_view answer, std::string_view text);
// `answer` (is_sideband) with `text` as the fatal error in place of the report that all went well.
std::string with_error(std::string_view answer, std::string_view text);

}  // namespace sluice::source
