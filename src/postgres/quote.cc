#include "postgres/quote.h"

#include <cassert>

namespace sluice::postgres {
namespace {

std::string quoted(std::string_view text, std::string_view doubled, char quote) {
  assert(text.find('\0') == std::string_view::npos);
  std::string out(1, quote);
  for (char c : text) {
    if (doubled.find(c) != std::string_view::npos) out += c;
    out += c;
  }
  return out + quote;
}

}  // namespace

std::string identifier(std::string_view name) { return quoted(name, "\"", '"'); }

std::string literal(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return quoted(text, "'", '\'');
  return "E" + quoted(text, "'\\", '\'');
}

std::string conninfo_value(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace sluice::postgres
