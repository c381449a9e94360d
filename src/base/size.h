#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Sizes as people write them.
namespace sluice {

// "512KB", "10M", "2GiB" in bytes; a unit is a power of 1024. Nothing: it is none.
std::optional<std::int64_t> parse_size(std::string_view text);
// The same for people, wherever they read a size: "10 MB", "1.5 GB", "1500 bytes". What no unit says exactly with one
// decimal and four digits is cut, never rounded up: "4.7 MB", "412 MB".
std::string size_text(std::int64_t bytes);

}  // namespace sluice
