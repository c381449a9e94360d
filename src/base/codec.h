#pragma once
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

// JSON of plain values, without a hand-written line for each: structs and enums described with Boost.Describe, Ids,
// Times (RFC 3339), Durations (whole milliseconds), optionals (absent when empty), vectors, string maps and variants of
// described structs (an object with a "type" member naming the alternative). Reading is strict: an unknown or missing
// member, or one of another type, is an Error that names its path. A missing member is accepted where the type is an
// optional, a vector or a map, so that these can be added to stored values without a migration.
namespace sluice::codec {

template <class T>
boost::json::value write(const T& value);
template <class T>
Result<T> read(const boost::json::value& value, const std::string& path = "");
template <class T>
const char* type_name();  // of a described struct, without namespaces

// The name of a described enumerator, and back.
template <class E>
const char* enum_name(E value) {
  return boost::describe::enum_to_string(value, "?");
}
template <class E>
std::optional<E> enum_from(std::string_view name) {
  E out{};
  if (boost::describe::enum_from_string(std::string(name).c_str(), out)) return out;
  return std::nullopt;
}

}  // namespace sluice::codec

#include "base/codec_impl.h"
