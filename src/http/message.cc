#include "http/message.h"

#include <algorithm>

namespace sluice::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<std::string> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : all)
    if (same_name(key, name)) return value;
  return std::nullopt;
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(all, [&](const auto& header) { return same_name(header.first, name); });
  all.emplace_back(std::move(name), std::move(value));
}

}  // namespace sluice::http
