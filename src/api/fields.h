#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

// Reading what callers send, strictly: each wrong, missing or unknown field is named, all of them at once.
namespace sluice::api {

namespace json = boost::json;

// The members of one JSON object. A getter notes what is wrong and gives nothing; end() reports all that was noted and
// every member that nobody asked for. An explicit null counts as absent.
class Fields {
 public:
  explicit Fields(const json::object& object, std::string prefix = "");

  std::optional<std::string> text(const char* name, std::size_t longest = 256);
  std::optional<bool> flag(const char* name);
  std::optional<std::int64_t> number(const char* name, std::int64_t least, std::int64_t most);
  // Zero or more, fractions too.
  std::optional<double> amount(const char* name, double most);
  const json::object* object(const char* name);
  const json::value* any(const char* name);
  // One of the given words; nothing when absent or wrong.
  std::optional<std::string> word(const char* name, const std::vector<std::string>& words);
  // As text() and number(), noted as missing when absent.
  std::string need_text(const char* name, std::size_t longest = 256);
  std::int64_t need_number(const char* name, std::int64_t least, std::int64_t most);

  void wrong(const std::string& name, const std::string& message);
  void take(Fields&& nested);  // its errors (and unknown members) become ours
  Result<> end();

 private:
  const json::value* find(const char* name);
  void unknown();
  const json::object& object_;
  std::string prefix_;
  std::set<std::string, std::less<>> asked_;
  std::vector<FieldError> errors_;
};

Error field_errors(std::vector<FieldError> errors);

// The body as an object; an empty body is an empty object.
Result<json::object> body_object(const http::Request& request);

// --- the query; unknown names are refused before a handler runs ---
std::optional<std::string> query_text(const http::Request& request, const std::string& name);
Result<bool> query_flag(const http::Request& request, const std::string& name);
// 1 to `most`, `usual` when not said.
Result<std::size_t> query_limit(const http::Request& request, std::size_t most = 200, std::size_t usual = 50);
// A change's number; 0 when not said.
Result<std::int64_t> query_change(const http::Request& request);
std::string query_after(const http::Request& request);
// RFC 3339, or a duration before now ("1h").
Result<std::optional<Time>> query_since(const http::Request& request, Time now);

// A word for a message, cut and quoted, so that a hostile path cannot fill a log line.
std::string in_quotes(std::string_view text);

}  // namespace sluice::api
