#include "cli/json.h"

#include <boost/json.hpp>

namespace sluice::cli {
namespace json = boost::json;

const json::value* at(const json::value& value, std::string_view path) {
  const json::value* here = &value;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto* object = here->if_object();
    if (object == nullptr) return nullptr;
    here = object->if_contains(path.substr(0, dot));
    if (here == nullptr) return nullptr;
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return here;
}

bool has(const json::value& value, std::string_view path) {
  const auto* found = at(value, path);
  return found != nullptr && !found->is_null();
}

std::string text_at(const json::value& value, std::string_view path) {
  const auto* found = at(value, path);
  if (found == nullptr || !found->is_string()) return {};
  return std::string(found->get_string());
}

std::int64_t number_at(const json::value& value, std::string_view path) {
  const auto* found = at(value, path);
  if (found == nullptr) return 0;
  if (found->is_int64()) return found->get_int64();
  if (found->is_uint64()) return static_cast<std::int64_t>(found->get_uint64());
  return 0;
}

bool true_at(const json::value& value, std::string_view path) {
  const auto* found = at(value, path);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::optional<Time> time_at(const json::value& value, std::string_view path) {
  return from_rfc3339(text_at(value, path));
}

const json::array& list_at(const json::value& value, std::string_view path) {
  static const json::array nothing;
  const auto* found = at(value, path);
  return found != nullptr && found->is_array() ? found->get_array() : nothing;
}

namespace {
void write(std::string& out, const json::value& value, std::size_t depth) {
  const auto indent = [&out](std::size_t levels) { out += '\n' + std::string(2 * levels, ' '); };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : *object) {
      if (!first) out += ',';
      first = false;
      indent(depth + 1);
      out += json::serialize(json::string(name)) + ": ";
      write(out, member, depth + 1);
    }
    indent(depth);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& item : *array) {
      if (!first) out += ',';
      first = false;
      indent(depth + 1);
      write(out, item, depth + 1);
    }
    indent(depth);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}
}  // namespace

std::string pretty(const json::value& value) {
  std::string out;
  write(out, value, 0);
  return out + "\n";
}

}  // namespace sluice::cli
