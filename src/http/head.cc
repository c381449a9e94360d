#include "http/head.h"

#include <algorithm>

namespace sluice::http {
namespace {

tl::unexpected<Refusal> refuse(int status, std::string detail) {
  return tl::unexpected<Refusal>(Refusal{status, std::move(detail)});
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 9110 5.6.2
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

// A name, an IPv4 address or a bracketed IPv6 address, with a port or without: nothing that names a user or a path.
bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view("-._~:[]").find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool lists(std::string_view value, std::string_view wanted) {
  while (true) {
    const auto comma = value.find(',');
    if (lower(trim(value.substr(0, comma))) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
}

std::optional<Refusal> read_request_line(std::string_view line, Head& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return Refusal{400, "the request line is not METHOD TARGET VERSION"};
  const auto method = line.substr(0, first);
  const auto version = line.substr(last + 1);
  const bool looks_like_http = version.size() == 8 && version.substr(0, 5) == "HTTP/" && is_digit(version[5]) &&
                               version[6] == '.' && is_digit(version[7]);
  if (!looks_like_http) return Refusal{400, "the request line does not end in an HTTP version"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  if (method.size() > 32 || !is_token(method) ||
      !std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; }))
    return Refusal{400, "the method is not a word of upper-case letters"};
  head.method = method;
  head.target = line.substr(first + 1, last - first - 1);
  if (head.target.find(' ') != std::string::npos) return Refusal{400, "the request target holds a space"};
  head.minor = version == "HTTP/1.1" ? 1 : 0;
  return std::nullopt;
}

// What is seen of the fields that frame the message, so that a second one is noticed.
struct Framing {
  int hosts = 0, lengths = 0, encodings = 0;
};

std::optional<Refusal> read_content_length(std::string_view value, Framing& seen, Head& head) {
  if (++seen.lengths > 1) return Refusal{400, "Content-Length is given twice"};
  if (value.empty() || !std::ranges::all_of(value, is_digit)) return Refusal{400, "Content-Length is not a number"};
  if (value.size() > 18) return Refusal{413, "the body is larger than anything this server takes"};
  std::uint64_t length = 0;
  for (const char c : value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  head.length = length;
  return std::nullopt;
}

std::optional<Refusal> read_field(std::string_view line, Framing& seen, Head& head) {
  if (line[0] == ' ' || line[0] == '\t') return Refusal{400, "a header field is folded over two lines"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return Refusal{400, "a header field's name is malformed"};
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (!is_field_value(value))
    return Refusal{400, "the header field " + std::string(name) + " holds a control character"};
  if (head.headers.all.size() == kMaxFields)
    return Refusal{431, "more than " + std::to_string(kMaxFields) + " header fields"};
  const auto key = lower(name);
  if (key == "host") {
    if (++seen.hosts > 1) return Refusal{400, "Host is given twice"};
    if (!is_host(value)) return Refusal{400, "Host is not a host name"};
  } else if (key == "content-length") {
    if (auto refusal = read_content_length(value, seen, head)) return refusal;
  } else if (key == "transfer-encoding") {
    if (++seen.encodings > 1) return Refusal{400, "Transfer-Encoding is given twice"};
    if (lower(value) != "chunked") return Refusal{400, "Transfer-Encoding is not exactly chunked"};
    head.chunked = true;
  } else if (key == "connection") {
    if (lists(value, "close")) head.keep_alive = false;
  } else if (key == "expect") {
    if (lower(value) != "100-continue") return Refusal{417, "Expect is understood with 100-continue only"};
    head.expects_continue = head.minor == 1;
  }
  head.headers.all.emplace_back(name, value);
  return std::nullopt;
}

std::optional<Refusal> check_framing(const Framing& seen, const Head& head) {
  if (seen.hosts == 0 && head.minor == 1) return Refusal{400, "Host is missing"};
  if (head.chunked && seen.lengths > 0) return Refusal{400, "both Content-Length and Transfer-Encoding are given"};
  if (head.chunked && head.minor == 0) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  return std::nullopt;
}

}  // namespace

tl::expected<std::optional<std::size_t>, Refusal> find_head(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  const auto length = end == std::string_view::npos ? bytes.size() : end + 4;
  if (length > kMaxHead) return refuse(431, "the head of the request is larger than 32 KB");
  for (auto at = bytes.find('\n'); at < length; at = bytes.find('\n', at + 1))
    if (at == 0 || bytes[at - 1] != '\r') return refuse(400, "a line of the head does not end in CR LF");
  if (end == std::string_view::npos) return std::optional<std::size_t>();
  return std::optional<std::size_t>(length);
}

tl::expected<Head, Refusal> parse_head(std::string_view bytes) {
  Head head;
  Framing seen;
  bool first = true;
  std::size_t begin = 0;
  while (begin < bytes.size()) {
    const auto end = bytes.find("\r\n", begin);
    if (end == std::string_view::npos) return refuse(400, "a line of the head does not end in CR LF");
    const auto line = bytes.substr(begin, end - begin);
    begin = end + 2;
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      return refuse(400, "the head holds a lone CR, a lone LF or a NUL");
    if (line.empty()) {
      if (first) return refuse(400, "the request line is empty");
      if (begin != bytes.size()) return refuse(400, "the head ends before its end");
      if (auto refusal = check_framing(seen, head)) return tl::unexpected(std::move(*refusal));
      return head;
    }
    auto refusal = first ? read_request_line(line, head) : read_field(line, seen, head);
    if (refusal) return tl::unexpected(std::move(*refusal));
    first = false;
  }
  return refuse(400, "the head has no end");
}

}  // namespace sluice::http
