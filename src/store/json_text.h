#pragma once
#include <fmt/format.h>

#include <string>
#include <type_traits>
#include <utility>

#include "base/codec.h"
#include "base/utf8.h"

// The same JSON that codec::write gives, written straight into a string: a commit writes a state and some events for
// every batch, and building a tree of values first was a third of its time.
namespace sluice::store {

inline void append_text(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(written, i - written));
    written = i + 1;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  out.append(text.substr(written));
  out.push_back('"');
}

template <class T>
void append_json(std::string& out, const T& value);

template <class T>
void append_members(std::string& out, const T& value, bool& first) {
  namespace desc = boost::describe;
  boost::mp11::mp_for_each<desc::describe_members<T, desc::mod_any_access | desc::mod_inherited>>([&](auto member) {
    const auto& one = value.*member.pointer;
    using M = std::decay_t<decltype(one)>;
    if constexpr (codec::detail::IsOptional<M>::value) {
      if (!one) return;
    }
    if (!std::exchange(first, false)) out.push_back(',');
    out.push_back('"');
    out.append(member.name);
    out.append("\":");
    append_json(out, one);
  });
}

template <class T>
void append_json(std::string& out, const T& value) {
  using namespace codec::detail;
  if constexpr (std::is_same_v<T, bool>) {
    out.append(value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    append_text(out, codec::enum_name(value));
  } else if constexpr (std::is_integral_v<T>) {
    out.append(fmt::format_int(value).c_str());
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_text(out, value);
  } else if constexpr (std::is_same_v<T, Time>) {
    append_text(out, to_rfc3339(value));
  } else if constexpr (std::is_same_v<T, Duration>) {
    out.append(fmt::format_int(value.count()).c_str());
  } else if constexpr (IsId<T>::value) {
    append_text(out, value.value);
  } else if constexpr (IsOptional<T>::value) {
    if (value) {
      append_json(out, *value);
    } else {
      out.append("null");
    }
  } else if constexpr (IsVector<T>::value) {
    out.push_back('[');
    bool first = true;
    for (const auto& item : value) {
      if (!std::exchange(first, false)) out.push_back(',');
      append_json(out, item);
    }
    out.push_back(']');
  } else if constexpr (IsVariant<T>::value) {
    std::visit(
        [&](const auto& alternative) {
          out.append("{\"type\":");
          append_text(out, codec::type_name<std::decay_t<decltype(alternative)>>());
          bool first = false;
          append_members(out, alternative, first);
          out.push_back('}');
        },
        value);
  } else {
    out.push_back('{');
    bool first = true;
    append_members(out, value, first);
    out.push_back('}');
  }
}

// What is no UTF-8 in it (the words of a program, in an error) is replaced: it could not be read again.
template <class T>
std::string json_text(const T& value) {
  std::string out;
  append_json(out, value);
  return to_utf8(std::move(out));
}

}  // namespace sluice::store
