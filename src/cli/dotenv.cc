#include "cli/dotenv.h"

#include <fmt/format.h>

#include <map>

namespace sluice::cli {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_of_name(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<std::pair<std::string, std::string>>> read() {
    std::vector<std::pair<std::string, std::string>> out;
    std::map<std::string, std::size_t> seen;
    while (skip_to_entry()) {
      const std::size_t line = line_;
      const auto rest = text_.substr(at_);
      if (rest.starts_with("export") && rest.size() > 6 && is_blank(rest[6])) {
        at_ += 6;
        skip_blanks();
      }
      std::string name;
      while (!end() && is_of_name(peek())) name += next();
      skip_blanks();
      if (name.empty() || !is_letter(name[0]) || end() || next() != '=')
        return fail(ErrorKind::invalid, fmt::format("line {} is not NAME=VALUE", line));
      auto value = read_value(line);
      if (!value) return fail(value.error());
      const auto [first, is_new] = seen.emplace(name, line);
      if (!is_new)
        return fail(ErrorKind::invalid,
                    fmt::format("line {} says {} again, which stands in line {} already", line, name, first->second));
      out.emplace_back(std::move(name), std::move(*value));
    }
    return out;
  }

 private:
  [[nodiscard]] bool end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  char next() {
    if (text_[at_] == '\n') ++line_;
    return text_[at_++];
  }
  void skip_blanks() {
    while (!end() && is_blank(peek())) ++at_;
  }
  void skip_line() {
    while (!end() && next() != '\n') {
    }
  }
  bool skip_to_entry() {
    for (skip_blanks(); !end(); skip_blanks()) {
      if (peek() != '\n' && peek() != '#') return true;
      skip_line();
    }
    return false;
  }

  Result<std::string> read_value(std::size_t line) {
    const auto begin = at_;
    skip_blanks();
    if (!end() && (peek() == '"' || peek() == '\'')) return read_quoted(line);
    // From the "=" on: a # is a comment where a blank stands before it.
    std::string_view raw = text_.substr(begin, text_.find('\n', begin) - begin);
    for (std::size_t i = 1; i < raw.size(); ++i)
      if (raw[i] == '#' && is_blank(raw[i - 1])) raw = raw.substr(0, i);
    while (!raw.empty() && is_blank(raw.front())) raw.remove_prefix(1);
    while (!raw.empty() && (is_blank(raw.back()) || raw.back() == '\r')) raw.remove_suffix(1);
    skip_line();
    return std::string(raw);
  }

  Result<std::string> read_quoted(std::size_t line) {
    const char quote = next();
    std::string out;
    while (!end() && peek() != quote) {
      const char c = next();
      if (quote == '"' && c == '\\' && !end())
        out += escaped(next());
      else
        out += c;
    }
    if (end()) return fail(ErrorKind::invalid, fmt::format("line {} opens a quote that is not closed", line));
    next();
    skip_blanks();
    if (!end() && peek() != '\n' && peek() != '#')
      return fail(ErrorKind::invalid, fmt::format("line {} has something after its closing quote", line));
    skip_line();
    return out;
  }

  static std::string escaped(char c) {
    switch (c) {
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 't':
        return "\t";
      case '"':
      case '\\':
      case '$':
        return {c};
      default:
        return {'\\', c};
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// What editors of other systems write: a byte order mark, and carriage returns before line breaks.
std::string plain(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text) {
  const auto readable = plain(text);
  return Reader(readable).read();
}

}  // namespace sluice::cli
