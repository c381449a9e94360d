#pragma once
#include <boost/json.hpp>
#include <cmath>
#include <string>

// For tests: whether a JSON value is what the OpenAPI document says, as far as the document's own keywords go.
namespace sluice::api {

namespace json = boost::json;

class Document {
 public:
  explicit Document(std::string_view text) : root_(json::parse(text).as_object()) {}
  [[nodiscard]] const json::object& root() const { return root_; }
  [[nodiscard]] const json::object& paths() const { return root_.at("paths").as_object(); }

  [[nodiscard]] const json::object& resolve(const json::object& maybe_ref) const {
    const auto* ref = maybe_ref.if_contains("$ref");
    if (ref == nullptr) return maybe_ref;
    return find(std::string(ref->as_string()));
  }
  // "" when it fits; else where and why it does not.
  [[nodiscard]] std::string check(const json::value& value, const json::object& schema, const std::string& at) const {
    const auto& s = resolve(schema);
    if (const auto* one_of = s.if_contains("oneOf")) {
      std::string reasons;
      int fits = 0;
      for (const auto& alternative : one_of->as_array()) {
        auto wrong = check(value, alternative.as_object(), at);
        if (wrong.empty()) {
          ++fits;
        } else {
          reasons += " | " + wrong;
        }
      }
      return fits >= 1 ? "" : at + ": none of the alternatives" + reasons;
    }
    if (const auto* type = s.if_contains("type")) {
      bool fits = false;
      if (type->is_string()) {
        fits = is(value, std::string(type->as_string()));
      } else {
        for (const auto& t : type->as_array()) fits = fits || is(value, std::string(t.as_string()));
      }
      if (!fits) return at + ": is " + json::serialize(value).substr(0, 60) + ", not " + json::serialize(*type);
    }
    if (const auto* words = s.if_contains("enum")) {
      bool fits = false;
      for (const auto& word : words->as_array()) fits = fits || word == value;
      if (!fits) return at + ": " + json::serialize(value) + " is none of " + json::serialize(*words);
    }
    if (value.is_array() && s.contains("items")) {
      std::size_t i = 0;
      for (const auto& item : value.as_array()) {
        auto wrong = check(item, s.at("items").as_object(), at + "[" + std::to_string(i++) + "]");
        if (!wrong.empty()) return wrong;
      }
    }
    return value.is_object() ? check_members(value.as_object(), s, at) : "";
  }

 private:
  [[nodiscard]] const json::object& find(const std::string& ref) const {
    const json::object* here = &root_;
    std::size_t from = 2;
    while (from <= ref.size()) {
      auto slash = std::min(ref.find('/', from), ref.size());
      here = &here->at(ref.substr(from, slash - from)).as_object();
      from = slash + 1;
    }
    return *here;
  }
  static bool is(const json::value& value, const std::string& type) {
    if (type == "null") return value.is_null();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }
  [[nodiscard]] std::string check_members(const json::object& object, const json::object& s,
                                          const std::string& at) const {
    if (const auto* required = s.if_contains("required")) {
      for (const auto& name : required->as_array())
        if (!object.contains(name.as_string())) return at + ": lacks " + std::string(name.as_string());
    }
    const auto* properties = s.if_contains("properties");
    const auto* others = s.if_contains("additionalProperties");
    for (const auto& member : object) {
      const auto path = at + "." + std::string(member.key());
      const json::value* schema = properties != nullptr ? properties->as_object().if_contains(member.key()) : nullptr;
      if (schema == nullptr && others != nullptr && others->is_object()) schema = others;
      if (schema == nullptr) {
        if (others != nullptr && others->is_bool() && !others->as_bool()) return path + ": is not in the document";
        continue;
      }
      if (auto wrong = check(member.value(), schema->as_object(), path); !wrong.empty()) return wrong;
    }
    return "";
  }

  json::object root_;
};

}  // namespace sluice::api
