#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Sizes as people write them.
namespace sluice {

// "512KB", "10M", "2GiB" in bytes; a unit is a power of 1024. Nothing: it is none.
std::optional<std::int64_t> parse_size(std::string_view text);
// The same in the largest unit that is exact: "10 MB", "1500 bytes".
std::string size_text(std::int64_t bytes);

}  // namespace sluice
