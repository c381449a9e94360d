#include "gateway/route.h"

#include <string_view>

namespace sluice::gateway {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz", kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                           kDigits = "0123456789";

bool made_of(std::string_view text, const std::string& characters, std::size_t shortest, std::size_t longest) {
  return text.size() >= shortest && text.size() <= longest && text.find_first_not_of(characters) == text.npos;
}

std::string operator+(std::string_view a, std::string_view b) { return std::string(a).append(b); }

}  // namespace

bool is_host(const std::string& text) { return made_of(text, kLower + kDigits + "-.", 1, 253); }

Result<> check(const Key& key) {
  if (!made_of(key.name, kLower + kUpper + kDigits + "._-@", 1, 64)) {
    return fail_field("keys", "a name must be 1 to 64 letters, digits, '.', '_', '-' or '@'");
  }
  if (!made_of(key.digest, kDigits + "abcdef", 64, 64)) {
    return fail_field("keys", "the digest of " + key.name + " must be SHA-256 as 64 lower-case hex digits");
  }
  return {};
}

}  // namespace sluice::gateway
