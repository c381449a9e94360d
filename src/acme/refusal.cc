#include <boost/json.hpp>

#include "acme/client.h"
#include "base/utf8.h"

namespace sluice::acme {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

// The problem document (RFC 7807) among the words; uacme prints it over several lines, braces at their beginnings.
json::object problem_in(const std::string& said) {
  const auto from = said.find("\n{");
  const auto to = said.find("\n}", from == std::string::npos ? 0 : from);
  if (from == std::string::npos || to == std::string::npos) return {};
  boost::system::error_code error;
  auto value = json::parse(said.substr(from + 1, to + 1 - from), error);
  return !error && value.is_object() ? value.as_object() : json::object{};
}

// What is the reader's to do, by the kind of refusal (RFC 8555, 6.7).
std::string remedy(const std::string& domain, const std::string& type) {
  const auto kind = type.substr(type.rfind(':') + 1);
  if (kind == "dns" || kind == "connection" || kind == "unauthorized") {
    return "; http://" + domain + " must lead to this server's gateway, on port 80";
  }
  if (kind == "caa") return "; the domain's CAA records must name this authority";
  if (kind == "rateLimited") return "; it asks to be left alone for a while";
  return "";
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  text = to_utf8(std::move(text));
  if (text.size() > 300) text = std::string(utf8_beginning(text, 300)) + "…";
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

// The last of uacme's own lines that tells more than where it gave up.
std::string last_words(const std::string& said) {
  constexpr std::string_view kLead = "uacme: ", kGet = "curl_get: ", kPost = "curl_post: ";
  std::string out;
  for (std::size_t from = 0; from < said.size();) {
    const auto end = std::min(said.find('\n', from), said.size());
    auto line = said.substr(from, end - from);
    from = end + 1;
    if (!line.starts_with(kLead)) continue;
    line = line.substr(kLead.size());
    const bool of_the_way = line.starts_with(kGet) || line.starts_with(kPost);
    if (of_the_way && line.find(" failed: ") != std::string::npos) return line.substr(line.find(" failed: ") + 9);
    if (!of_the_way) out = line;
  }
  return out;
}

}  // namespace

std::string refusal(const std::string& domain, const std::string& directory, const std::string& said) {
  const auto problem = problem_in(said);
  if (const auto detail = text_of(problem, "detail"); !detail.empty()) {
    return "the certificate authority refused " + domain + ": " + one_line(detail) +
           remedy(domain, text_of(problem, "type"));
  }
  const auto words = one_line(last_words(said));
  return "the certificate authority at " + directory + " gave nothing for " + domain +
         (words.empty() ? "" : ": " + words);
}

}  // namespace sluice::acme
