#pragma once
// Implementation of codec.h; include that.

namespace sluice::codec {
namespace detail {

namespace json = boost::json;
namespace desc = boost::describe;
namespace mp = boost::mp11;

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};
template <class T>
struct IsId : std::false_type {};
template <class T>
struct IsId<Id<T>> : std::true_type {};

// Every described type is named once; the macro-made descriptor has no name, so take it from the function's own.
template <class T>
constexpr std::string_view pretty() {
  std::string_view text = __PRETTY_FUNCTION__;
  auto begin = text.find("T = ") + 4;
  auto end = text.find_first_of(";]", begin);
  text = text.substr(begin, end - begin);
  auto colon = text.rfind("::");
  return colon == std::string_view::npos ? text : text.substr(colon + 2);
}

inline tl::unexpected<Error> wrong(const std::string& path, const std::string& what) {
  return fail_field(path.empty() ? "document" : path, what);
}
inline std::string join(const std::string& path, std::string_view member) {
  return path.empty() ? std::string(member) : path + "." + std::string(member);
}

template <class T>
json::value write_struct(const T& value) {
  json::object out;
  mp::mp_for_each<desc::describe_members<T, desc::mod_any_access | desc::mod_inherited>>([&](auto d) {
    using M = std::decay_t<decltype(value.*d.pointer)>;
    if constexpr (IsOptional<M>::value) {
      if (value.*d.pointer) out[d.name] = write(*(value.*d.pointer));
    } else {
      out[d.name] = write(value.*d.pointer);
    }
  });
  return out;
}

template <class T>
Result<T> read_struct(const json::value& value, const std::string& path) {
  const auto* object = value.if_object();
  if (!object) return wrong(path, "must be an object");
  T out{};
  std::optional<Error> error;
  std::size_t known = 0;
  mp::mp_for_each<desc::describe_members<T, desc::mod_any_access | desc::mod_inherited>>([&](auto d) {
    if (error) return;
    using M = std::decay_t<decltype(out.*d.pointer)>;
    const auto* member = object->if_contains(d.name);
    if (!member) {
      if constexpr (!IsOptional<M>::value && !IsVector<M>::value && !IsMap<M>::value) {
        error = Error{ErrorKind::invalid, join(path, d.name) + ": is missing", {{join(path, d.name), "is missing"}}};
      }
      return;
    }
    ++known;
    auto read_member = read<M>(*member, join(path, d.name));
    if (read_member) {
      out.*d.pointer = std::move(*read_member);
    } else {
      error = read_member.error();
    }
  });
  if (error) return fail(*error);
  if (known != object->size()) {
    for (const auto& entry : *object) {
      bool found = false;
      mp::mp_for_each<desc::describe_members<T, desc::mod_any_access | desc::mod_inherited>>(
          [&](auto d) { found = found || entry.key() == d.name; });
      if (!found) return wrong(join(path, entry.key()), "is not known here");
    }
  }
  return out;
}

template <class V, std::size_t I = 0>
Result<V> read_variant(const json::value& value, std::string_view type, const std::string& path) {
  if constexpr (I == std::variant_size_v<V>) {
    return wrong(join(path, "type"), "names no known kind");
  } else {
    using A = std::variant_alternative_t<I, V>;
    if (type == pretty<A>()) {
      json::object rest = value.as_object();
      rest.erase("type");
      auto read_alternative = read<A>(rest, path);
      if (!read_alternative) return fail(read_alternative.error());
      return V(std::move(*read_alternative));
    }
    return read_variant<V, I + 1>(value, type, path);
  }
}

}  // namespace detail

template <class T>
const char* type_name() {
  static const std::string name(detail::pretty<T>());
  return name.c_str();
}

template <class T>
boost::json::value write(const T& value) {
  namespace json = boost::json;
  if constexpr (std::is_same_v<T, bool>) {
    return json::value(value);
  } else if constexpr (std::is_enum_v<T>) {
    return json::value(enum_name(value));
  } else if constexpr (std::is_integral_v<T>) {
    return json::value(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    return json::value(static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return json::value(value);
  } else if constexpr (std::is_same_v<T, Time>) {
    return json::value(to_rfc3339(value));
  } else if constexpr (std::is_same_v<T, Duration>) {
    return json::value(static_cast<std::int64_t>(value.count()));
  } else if constexpr (detail::IsId<T>::value) {
    return json::value(value.value);
  } else if constexpr (detail::IsOptional<T>::value) {
    return value ? write(*value) : json::value(nullptr);
  } else if constexpr (detail::IsVector<T>::value) {
    json::array out;
    out.reserve(value.size());
    for (const auto& item : value) out.push_back(write(item));
    return out;
  } else if constexpr (detail::IsMap<T>::value) {
    json::object out;
    for (const auto& [key, item] : value) out[key] = write(item);
    return out;
  } else if constexpr (detail::IsVariant<T>::value) {
    return std::visit(
        [](const auto& alternative) -> json::value {
          json::object out;
          out["type"] = type_name<std::decay_t<decltype(alternative)>>();
          json::value members = write(alternative);
          for (auto& member : members.as_object()) out[member.key()] = std::move(member.value());
          return out;
        },
        value);
  } else {
    return detail::write_struct(value);
  }
}

template <class T>
Result<T> read(const boost::json::value& value, const std::string& path) {
  using detail::wrong;
  if constexpr (std::is_same_v<T, bool>) {
    if (const auto* b = value.if_bool()) return *b;
    return wrong(path, "must be true or false");
  } else if constexpr (std::is_enum_v<T>) {
    const auto* text = value.if_string();
    if (text) {
      if (auto found = enum_from<T>(std::string(*text))) return *found;
    }
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
        [&](auto d) { names += (names.empty() ? "" : ", ") + std::string(d.name); });
    return wrong(path, "must be one of " + names);
  } else if constexpr (std::is_integral_v<T>) {
    if (const auto* i = value.if_int64()) return static_cast<T>(*i);
    return wrong(path, "must be a whole number");
  } else if constexpr (std::is_floating_point_v<T>) {
    if (value.is_number()) return value.to_number<T>();
    return wrong(path, "must be a number");
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
    return wrong(path, "must be a string");
  } else if constexpr (std::is_same_v<T, Time>) {
    if (const auto* text = value.if_string()) {
      if (auto time = from_rfc3339(std::string_view(text->data(), text->size()))) return *time;
    }
    return wrong(path, "must be a time such as 2026-01-31T09:30:00.000Z");
  } else if constexpr (std::is_same_v<T, Duration>) {
    if (const auto* i = value.if_int64()) return Duration(*i);
    return wrong(path, "must be whole milliseconds");
  } else if constexpr (detail::IsId<T>::value) {
    if (const auto* text = value.if_string()) return T{std::string(text->data(), text->size())};
    return wrong(path, "must be a string");
  } else if constexpr (detail::IsOptional<T>::value) {
    if (value.is_null()) return T{};
    auto inner = read<typename T::value_type>(value, path);
    if (!inner) return fail(inner.error());
    return T(std::move(*inner));
  } else if constexpr (detail::IsVector<T>::value) {
    const auto* array = value.if_array();
    if (!array) return wrong(path, "must be a list");
    T out;
    out.reserve(array->size());
    for (const auto& item : *array) {
      auto one = read<typename T::value_type>(item, path + "[" + std::to_string(out.size()) + "]");
      if (!one) return fail(one.error());
      out.push_back(std::move(*one));
    }
    return out;
  } else if constexpr (detail::IsMap<T>::value) {
    const auto* object = value.if_object();
    if (!object) return wrong(path, "must be an object");
    T out;
    for (const auto& entry : *object) {
      auto one = read<typename T::mapped_type>(entry.value(), detail::join(path, entry.key()));
      if (!one) return fail(one.error());
      out.emplace(std::string(entry.key()), std::move(*one));
    }
    return out;
  } else if constexpr (detail::IsVariant<T>::value) {
    const auto* object = value.if_object();
    if (!object) return wrong(path, "must be an object");
    const auto* type = object->if_contains("type");
    if (!type || !type->is_string()) return wrong(detail::join(path, "type"), "is missing");
    return detail::read_variant<T>(value, std::string(type->as_string()), path);
  } else {
    return detail::read_struct<T>(value, path);
  }
}

}  // namespace sluice::codec
