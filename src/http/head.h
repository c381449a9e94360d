#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "http/message.h"

namespace sluice::http {

// A refusal of the server itself, before any route is asked.
struct Refusal {
  int status = 400;
  std::string detail;
};

// A request head that two readers cannot understand differently.
struct Head {
  std::string method;
  std::string target;
  int minor = 1;  // of HTTP/1.x: 0 or 1
  Headers headers;
  std::optional<std::uint64_t> length;  // of the body; absent: none, or chunked
  bool chunked = false;
  bool keep_alive = true;         // as far as the client is concerned
  bool expects_continue = false;  // RFC 9110 10.1.1

  [[nodiscard]] bool has_body() const { return chunked || length.value_or(0) > 0; }
};

inline constexpr std::size_t kMaxHead = 32u << 10;
inline constexpr std::size_t kMaxFields = 100;

// Where the head that `bytes` begin with ends (the index after its empty line), or nothing while it is incomplete.
// A line that ends without a carriage return is refused at once, not waited for.
tl::expected<std::optional<std::size_t>, Refusal> find_head(std::string_view bytes);

// Reads a whole head, its empty line included, as RFC 9112 writes it and without the leniences it permits: no folded
// lines, no space before a colon, no bare CR or LF, one Host, one Content-Length of digits only, no Transfer-Encoding
// but `chunked`, and never both of the last two.
tl::expected<Head, Refusal> parse_head(std::string_view head);

}  // namespace sluice::http
