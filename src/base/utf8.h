#pragma once
#include <cstddef>
#include <string>
#include <string_view>

// Text from outside: what is stored or answered as JSON must be UTF-8, or nobody can read it again.
namespace sluice {

[[nodiscard]] bool is_utf8(std::string_view bytes);
// Each byte that is not part of UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::string bytes);
// The longest beginning of at most `bytes` bytes that ends between two characters.
[[nodiscard]] std::string_view utf8_beginning(std::string_view text, std::size_t bytes);

}  // namespace sluice
