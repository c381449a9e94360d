#include "http/target.h"

#include <optional>

#include "base/utf8.h"

namespace sluice::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

bool holds_control_character(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  return false;
}

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::invalid, std::move(message)); }

Result<std::string> parse_segment(std::string_view raw) {
  auto segment = percent_decode(raw, false);
  if (!segment) return refuse("the path holds a '%' that is not followed by two hexadecimal digits");
  if (segment->find('/') != std::string::npos) return refuse("the path holds an encoded slash (%2F)");
  if (holds_control_character(*segment)) return refuse("the path holds an encoded control character");
  if (!is_utf8(*segment)) return refuse("the path is not valid UTF-8");
  if (*segment == "." || *segment == "..") return refuse("the path holds a '.' or '..' segment");
  return std::move(*segment);
}

Result<std::string> parse_path(std::string_view raw) {
  std::string path;
  std::size_t begin = 1;
  while (true) {
    const auto end = std::min(raw.find('/', begin), raw.size());
    auto segment = parse_segment(raw.substr(begin, end - begin));
    if (!segment) return fail(std::move(segment.error()));
    if (segment->empty() && end != raw.size()) return refuse("the path holds an empty segment ('//')");
    path += '/';
    path += *segment;
    if (end == raw.size()) break;
    begin = end + 1;
  }
  return path;
}

Result<std::map<std::string, std::string>> parse_query(std::string_view raw) {
  std::map<std::string, std::string> query;
  std::size_t begin = 0;
  while (begin < raw.size()) {
    const auto end = std::min(raw.find('&', begin), raw.size());
    const auto piece = raw.substr(begin, end - begin);
    begin = end + 1;
    if (piece.empty()) continue;
    const auto equals = std::min(piece.find('='), piece.size());
    auto name = percent_decode(piece.substr(0, equals), true);
    auto value = percent_decode(equals < piece.size() ? piece.substr(equals + 1) : std::string_view{}, true);
    if (!name || !value) return refuse("the query holds a '%' that is not followed by two hexadecimal digits");
    if (name->empty()) return refuse("the query holds a value without a name");
    if (holds_control_character(*name)) return refuse("a name in the query holds an encoded control character");
    if (value->find('\0') != std::string::npos) return refuse("the query holds an encoded NUL (%00)");
    if (!is_utf8(*name) || !is_utf8(*value)) return refuse("the query is not valid UTF-8");
    const auto [at, is_new] = query.emplace(std::move(*name), std::move(*value));
    if (!is_new) return refuse("the query gives '" + at->first + "' twice; give it once");
  }
  return query;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  if (target.empty() || target[0] != '/') return refuse("the request target does not begin with '/'");
  for (const char c : target)
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
      return refuse("the request target holds a character that must be percent-encoded");
  const auto mark = std::min(target.find('?'), target.size());
  Target out;
  auto path = parse_path(target.substr(0, mark));
  if (!path) return fail(std::move(path.error()));
  out.path = std::move(*path);
  if (mark < target.size()) out.raw_query = target.substr(mark + 1);
  auto query = parse_query(out.raw_query);
  if (!query) return fail(std::move(query.error()));
  out.query = std::move(*query);
  return out;
}

}  // namespace sluice::http
