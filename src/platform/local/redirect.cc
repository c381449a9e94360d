#include "platform/local/redirect.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace sluice::platform::local {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::optional<std::string> header(const std::string& head, const std::string& lower_head, const std::string& name) {
  auto at = lower_head.find("\r\n" + name + ":");
  if (at == std::string::npos) return std::nullopt;
  at += name.size() + 3;
  const auto end = std::min(head.find("\r\n", at), head.size());
  const auto first = head.find_first_not_of(" \t", at);
  if (first == std::string::npos || first >= end) return "";
  return head.substr(first, head.find_last_not_of(" \t", end - 1) - first + 1);
}

}  // namespace

std::optional<std::string> redirected_to(const std::string& head, const std::string& host, const std::string& path) {
  const std::string status = head.size() < 12 ? "" : head.substr(9, 3);
  if (status != "301" && status != "302" && status != "303" && status != "307" && status != "308") return std::nullopt;
  const std::string lowered = lower(head);
  auto to = header(head, lowered, "location");
  if (!to || header(head, lowered, "set-cookie")) return std::nullopt;
  to->erase(std::min(to->find('#'), to->size()));
  const std::string own = "http://" + lower(host);
  if (lower(*to).starts_with(own) &&
      (to->size() == own.size() || (*to)[own.size()] == '/' || (*to)[own.size()] == '?')) {
    to->erase(0, own.size());
    if (!to->starts_with("/")) to->insert(0, "/");
  }
  if (to->starts_with("//") || to->find("..") != std::string::npos) return std::nullopt;
  if (std::any_of(to->begin(), to->end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; })) return std::nullopt;
  if (to->starts_with("/")) return to;
  if (to->substr(0, to->find_first_of("/?")).find(':') != std::string::npos) return std::nullopt;
  const std::string plain = path.substr(0, path.find('?'));
  if (to->empty() || to->starts_with("?")) return plain + *to;
  return plain.substr(0, plain.rfind('/') + 1) + *to;
}

}  // namespace sluice::platform::local
