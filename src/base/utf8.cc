#include "base/utf8.h"

#include <cstdint>
#include <cstring>
namespace sluice {
namespace {

// How many bytes the character at the front has (The Unicode Standard, table 3-7), or 0 when there is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  // Only the second byte has other bounds than 80..BF: no overlong form, no surrogate, nothing above U+10FFFF.
  const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  return size;
}

// Where the first byte that is not part of UTF-8 stands, or the end.
std::size_t valid_until(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    // Most of it is ASCII: eight bytes at a time.
    std::uint64_t eight = 0;
    for (; at + sizeof eight <= bytes.size(); at += sizeof eight) {
      std::memcpy(&eight, bytes.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080ULL) != 0) break;
    }
    if (at == bytes.size()) break;
    const auto size = character(bytes.substr(at));
    if (size == 0) break;
    at += size;
  }
  return at;
}

}  // namespace

bool is_utf8(std::string_view bytes) { return valid_until(bytes) == bytes.size(); }

std::string to_utf8(std::string bytes) {
  std::string_view rest = bytes;
  auto good = valid_until(rest);
  if (good == rest.size()) return bytes;
  std::string out;
  while (true) {
    out += rest.substr(0, good);
    if (good == rest.size()) return out;
    out += "\xef\xbf\xbd";
    rest.remove_prefix(good + 1);
    good = valid_until(rest);
  }
}

std::string_view utf8_beginning(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  // A character has at most three bytes that follow another.
  auto end = bytes;
  while (end > 0 && bytes - end < 4 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace sluice
