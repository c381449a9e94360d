#include "cli/dotenv.h"

#include <fmt/format.h>

#include <cctype>

namespace sluice::cli {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<std::pair<std::string, std::string>>> read() {
    std::vector<std::pair<std::string, std::string>> out;
    while (skip_to_entry()) {
      const std::size_t line = line_;
      if (text_.substr(at_).starts_with("export ")) {
        at_ += 7;
        skip_blanks();
      }
      std::string name;
      while (!end() && (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_')) name += next();
      skip_blanks();
      if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 || end() || next() != '=')
        return fail(ErrorKind::invalid, fmt::format("line {} is not NAME=VALUE", line));
      skip_blanks();
      auto value = read_value(line);
      if (!value) return fail(value.error());
      out.emplace_back(std::move(name), std::move(*value));
    }
    return out;
  }

 private:
  bool end() const { return at_ >= text_.size(); }
  char peek() const { return text_[at_]; }
  char next() {
    if (text_[at_] == '\n') ++line_;
    return text_[at_++];
  }
  void skip_blanks() {
    while (!end() && (peek() == ' ' || peek() == '\t')) next();
  }
  void skip_line() {
    while (!end() && next() != '\n') {
    }
  }
  bool skip_to_entry() {
    while (!end()) {
      if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
        next();
      } else if (peek() == '#') {
        skip_line();
      } else {
        return true;
      }
    }
    return false;
  }

  Result<std::string> read_value(std::size_t line) {
    if (!end() && (peek() == '"' || peek() == '\'')) return read_quoted(line);
    std::string out;
    while (!end() && peek() != '\n') {
      if (peek() == '#' && (out.empty() || out.back() == ' ' || out.back() == '\t')) break;
      out += next();
    }
    skip_line();
    while (!out.empty() && std::isspace(static_cast<unsigned char>(out.back())) != 0) out.pop_back();
    return out;
  }

  Result<std::string> read_quoted(std::size_t line) {
    const char quote = next();
    std::string out;
    while (!end() && peek() != quote) {
      char c = next();
      if (quote == '"' && c == '\\' && !end()) {
        c = next();
        if (c == 'n')
          c = '\n';
        else if (c == 't')
          c = '\t';
        else if (c != '"' && c != '\\' && c != '$')
          out += '\\';
      }
      out += c;
    }
    if (end()) return fail(ErrorKind::invalid, fmt::format("line {} opens a quote that is not closed", line));
    next();
    skip_blanks();
    if (!end() && peek() != '\n' && peek() != '\r' && peek() != '#')
      return fail(ErrorKind::invalid, fmt::format("line {} has something after its closing quote", line));
    skip_line();
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text) {
  return Reader(text).read();
}

}  // namespace sluice::cli
