#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

// Reading of answers by path ("current.change"): what is not there, or of another type, is empty. A newer server may
// say more, an older one less; a command shows what it finds.
namespace sluice::cli {

const boost::json::value* at(const boost::json::value& value, std::string_view path);  // nullptr: not there
bool has(const boost::json::value& value, std::string_view path);
std::string text_at(const boost::json::value& value, std::string_view path);
std::int64_t number_at(const boost::json::value& value, std::string_view path);  // 0 when not there
bool true_at(const boost::json::value& value, std::string_view path);
std::optional<Time> time_at(const boost::json::value& value, std::string_view path);
const boost::json::array& list_at(const boost::json::value& value, std::string_view path);  // empty when not there

// Indented by two, members as they came, a line break at the end: what --json prints.
std::string pretty(const boost::json::value& value);

}  // namespace sluice::cli
