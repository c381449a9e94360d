#include "api/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::api {
namespace {

const char* kind_of(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

// The depth keeps a hostile body from using up the stack.
json::parse_options strict() {
  json::parse_options options;
  options.max_depth = 16;
  return options;
}

}  // namespace

Error field_errors(std::vector<FieldError> errors) {
  std::string message;
  for (const auto& e : errors) {
    if (!message.empty()) message += "; ";
    message += e.field + ": " + e.message;
  }
  return Error{ErrorKind::invalid, std::move(message), std::move(errors)};
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text.substr(0, 64)) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"') ? '?' : c;
  if (text.size() > 64) out += "...";
  return out + '"';
}

Fields::Fields(const json::object& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

const json::value* Fields::find(const char* name) {
  asked_.insert(name);
  const auto* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Fields::wrong(const std::string& name, const std::string& message) {
  errors_.push_back({prefix_ + name, message});
}

std::optional<std::string> Fields::text(const char* name, std::size_t longest) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    wrong(name, fmt::format("must be a string, not {}", kind_of(*value)));
    return std::nullopt;
  }
  std::string out(value->as_string());
  if (out.size() > longest) {
    wrong(name, fmt::format("is longer than {} bytes", longest));
    return std::nullopt;
  }
  if (out.find('\0') != std::string::npos) {
    wrong(name, "must not contain a NUL character");
    return std::nullopt;
  }
  return out;
}

std::optional<bool> Fields::flag(const char* name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    wrong(name, fmt::format("must be true or false, not {}", kind_of(*value)));
    return std::nullopt;
  }
  return value->as_bool();
}

std::optional<std::int64_t> Fields::number(const char* name, std::int64_t least, std::int64_t most) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code failed;
  auto n = value->is_number() ? value->to_number<std::int64_t>(failed) : 0;
  if (!value->is_number() || failed) {
    wrong(name, fmt::format("must be a whole number, not {}", value->is_number() ? "a fraction" : kind_of(*value)));
    return std::nullopt;
  }
  if (n < least || n > most) {
    wrong(name, most == INT64_MAX ? fmt::format("must be {} or more", least)
                                  : fmt::format("must be from {} to {}", least, most));
    return std::nullopt;
  }
  return n;
}

std::optional<double> Fields::amount(const char* name, double most) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double n = value->is_number() ? value->to_number<double>() : -1;
  if (!value->is_number() || !(n >= 0 && n <= most)) {
    wrong(name, fmt::format("must be a number from 0 to {}", most));
    return std::nullopt;
  }
  return n;
}

const json::object* Fields::object(const char* name) {
  const auto* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) {
    wrong(name, fmt::format("must be an object, not {}", kind_of(*value)));
    return nullptr;
  }
  return &value->as_object();
}

const json::value* Fields::any(const char* name) { return find(name); }

std::optional<std::string> Fields::word(const char* name, const std::vector<std::string>& words) {
  auto value = text(name);
  if (!value || std::find(words.begin(), words.end(), *value) != words.end()) return value;
  std::string known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) known += i + 1 == words.size() ? " or " : ", ";
    known += '"' + words[i] + '"';
  }
  wrong(name, fmt::format("must be {}, not {}", known, in_quotes(*value)));
  return std::nullopt;
}

std::string Fields::need_text(const char* name, std::size_t longest) {
  auto before = errors_.size();
  auto value = text(name, longest);
  if (!value && errors_.size() == before) wrong(name, "is missing");
  return value.value_or("");
}

std::int64_t Fields::need_number(const char* name, std::int64_t least, std::int64_t most) {
  auto before = errors_.size();
  auto value = number(name, least, most);
  if (!value && errors_.size() == before) wrong(name, "is missing");
  return value.value_or(0);
}

void Fields::unknown() {
  for (const auto& member : object_) {
    if (asked_.find(member.key()) != asked_.end()) continue;
    std::string known;
    for (const auto& name : asked_) known += (known.empty() ? "" : ", ") + name;
    errors_.push_back(
        {prefix_ + std::string(member.key().substr(0, 64)),
         known.empty() ? "is not known here; nothing is taken" : "is not known here; known are " + known});
  }
}

void Fields::take(Fields&& nested) {
  nested.unknown();
  errors_.insert(errors_.end(), nested.errors_.begin(), nested.errors_.end());
}

Result<> Fields::end() {
  unknown();
  if (errors_.empty()) return {};
  return fail(field_errors(std::move(errors_)));
}

Result<json::object> body_object(const http::Request& request) {
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return json::object{};
  boost::system::error_code failed;
  json::value value;
  try {
    value = json::parse(request.body, failed, {}, strict());
  } catch (const std::exception&) {
    failed = json::error::too_deep;
  }
  if (failed) return fail(ErrorKind::invalid, "the body is not JSON: " + failed.message());
  if (!value.is_object())
    return fail(ErrorKind::invalid, fmt::format("the body must be a JSON object, not {}", kind_of(value)));
  return std::move(value.as_object());
}

std::optional<std::string> query_text(const http::Request& request, const std::string& name) {
  auto found = request.query.find(name);
  if (found == request.query.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<bool> query_flag(const http::Request& request, const std::string& name) {
  auto found = request.query.find(name);
  if (found == request.query.end()) return false;
  if (found->second == "true" || found->second == "1" || found->second.empty()) return true;
  if (found->second == "false" || found->second == "0") return false;
  return fail_field(name, "must be true or false, not " + in_quotes(found->second));
}

Result<std::size_t> query_limit(const http::Request& request, std::size_t most, std::size_t usual) {
  auto text = query_text(request, "limit");
  if (!text) return usual;
  std::size_t n = 0;
  auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (failed != std::errc{} || end != text->data() + text->size() || n < 1 || n > most)
    return fail_field("limit", "must be a number from 1 to " + std::to_string(most) + ", not " + in_quotes(*text));
  return n;
}

Result<std::int64_t> query_change(const http::Request& request) {
  auto text = query_text(request, "change");
  if (!text) return std::int64_t{0};
  std::int64_t n = 0;
  auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (failed != std::errc{} || end != text->data() + text->size() || n < 1)
    return fail_field("change", "must be the number of a change, not " + in_quotes(*text));
  return n;
}

std::string query_after(const http::Request& request) { return query_text(request, "after").value_or(""); }

Result<std::optional<Time>> query_since(const http::Request& request, Time now) {
  auto text = query_text(request, "since");
  if (!text) return std::optional<Time>{};
  if (auto time = from_rfc3339(*text)) return std::optional<Time>{*time};
  if (auto before = parse_duration(*text)) return std::optional<Time>{now - *before};
  return fail_field("since", "must be a time like 2026-01-31T09:30:00Z or a duration like 1h, not " + in_quotes(*text));
}

}  // namespace sluice::api
