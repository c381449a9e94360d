#include "source/sideband.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace sluice::source {
namespace {

constexpr std::size_t kMostBytes = 65520 - 5;  // side-band-64k's largest packet, less its length and band
constexpr std::string_view kFlush = "0000";

// The length that four hex digits at the front say, or 0 when they are none (or say less than a band byte needs).
std::size_t packet_length(std::string_view text) {
  if (text.size() < 4) return 0;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, length, 16);
  if (error != std::errc() || end != text.data() + 4) return 0;
  return length > 4 && length <= text.size() ? length : 0;
}

void append_packet(std::string& to, char band, std::string_view bytes) {
  std::array<char, 8> length{};
  std::snprintf(length.data(), length.size(), "%04zx", bytes.size() + 5);
  to.append(length.data(), 4);
  to += band;
  to += bytes;
}

void append_text(std::string& to, char band, std::string_view text) {
  while (!text.empty()) {
    append_packet(to, band, text.substr(0, kMostBytes));
    text.remove_prefix(std::min(text.size(), kMostBytes));
  }
}

}  // namespace

bool is_sideband(std::string_view answer) {
  if (!answer.ends_with(kFlush)) return false;
  while (answer != kFlush) {
    const std::size_t length = packet_length(answer);
    if (length == 0 || answer[4] < 1 || answer[4] > 3) return false;
    answer.remove_prefix(length);
  }
  return true;
}

std::string with_progress(std::string_view answer, std::string_view text) {
  std::string out(answer.substr(0, answer.size() - kFlush.size()));
  std::string lines(text);
  if (!lines.empty() && lines.back() != '\n') lines += '\n';
  append_text(out, 2, lines);
  out += kFlush;
  return out;
}

std::string with_error(std::string_view answer, std::string_view text) {
  std::string out;
  // What git said along the way stays; its report does not, as it would say that the push went well.
  for (std::size_t length = packet_length(answer); length != 0; length = packet_length(answer)) {
    if (answer[4] == 2) out += answer.substr(0, length);
    answer.remove_prefix(length);
  }
  append_text(out, 3, text.substr(0, kMostBytes));
  out += kFlush;
  return out;
}

}  // namespace sluice::source
