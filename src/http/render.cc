#include "http/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "http/problem.h"

namespace sluice::http {
namespace {

bool is_safe(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f); });
}

bool is_servers_own(std::string_view name) {
  std::string key(name);
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return key == "content-length" || key == "transfer-encoding" || key == "connection" || key == "date" ||
         key == "keep-alive";
}

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = unix_seconds;
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<std::size_t>(t.tm_wday)), t.tm_mday,
                     kMonths.at(static_cast<std::size_t>(t.tm_mon)), t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string render_head(int status, const Headers& headers, Framing framing, std::size_t length, bool keep_alive) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status), http_date(std::time(nullptr)));
  for (const auto& [name, value] : headers.all) {
    if (name.empty() || is_servers_own(name) || !is_safe(name) || !is_safe(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (framing == Framing::length) out += fmt::format("Content-Length: {}\r\n", length);
  if (framing == Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

void append_chunk_head(std::string& out, std::size_t size) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", size);
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  append_chunk_head(out, bytes.size());
  out += bytes;
  out += "\r\n";
}

}  // namespace sluice::http
