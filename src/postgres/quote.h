#pragma once
#include <string>
#include <string_view>

// How values stand in SQL and in connection strings. None may hold a NUL, which PostgreSQL knows nowhere.
namespace sluice::postgres {

[[nodiscard]] std::string identifier(std::string_view name);  // "na""me"
// 'it''s', and E'back\\slash' whatever standard_conforming_strings says.
[[nodiscard]] std::string literal(std::string_view text);
// The value of a keyword of libpq's connection strings: 'it\'s'.
[[nodiscard]] std::string conninfo_value(std::string_view text);

}  // namespace sluice::postgres
