#include "postgres/scram.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <span>

#include "base/digest.h"

namespace sluice::postgres {
namespace {

constexpr int kIterations = 4096;  // PostgreSQL's own default
constexpr int kMostIterations = 1'000'000;
constexpr std::size_t kSalt = 16;
using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

Hash keyed(const Hash& key, std::string_view text) {
  Hash out{};
  if (!::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), nullptr)) {
    throw std::bad_alloc();
  }
  return out;
}

std::string verifier(std::string_view password, std::string_view salt, int iterations) {
  Hash salted{}, stored{};
  if (::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                          iterations, EVP_sha256(), static_cast<int>(salted.size()), salted.data()) != 1) {
    throw std::bad_alloc();
  }
  const Hash client = keyed(salted, "Client Key");
  ::SHA256(client.data(), client.size(), stored.data());
  return fmt::format("SCRAM-SHA-256${}:{}${}:{}", iterations, base64_encode(salt), base64_encode(bytes_of(stored)),
                     base64_encode(bytes_of(keyed(salted, "Server Key"))));
}

}  // namespace

Result<> check_password(std::string_view password) {
  if (password.empty() || password.size() > 200) {
    return fail_field("password", "a database's password has 1 to 200 characters");
  }
  if (!std::all_of(password.begin(), password.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return fail_field("password", "a database's password is made of letters, digits and signs of ASCII only");
  }
  return {};
}

std::string scram_verifier(std::string_view password, Random& random) {
  std::array<std::uint8_t, kSalt> salt{};
  random.fill(salt);
  return verifier(password, {reinterpret_cast<const char*>(salt.data()), salt.size()}, kIterations);
}

bool scram_matches(std::string_view kept, std::string_view password) {
  constexpr std::string_view kScheme = "SCRAM-SHA-256$";
  if (!kept.starts_with(kScheme)) return false;
  auto rest = kept.substr(kScheme.size());
  const auto colon = rest.find(':'), dollar = rest.find('$');
  if (colon == std::string_view::npos || dollar == std::string_view::npos || colon > dollar) return false;
  int iterations = 0;
  const auto [end, bad] = std::from_chars(rest.data(), rest.data() + colon, iterations);
  if (bad != std::errc() || end != rest.data() + colon || iterations < 1 || iterations > kMostIterations) return false;
  const auto salt = base64_decode(rest.substr(colon + 1, dollar - colon - 1));
  return salt && equal_in_constant_time(verifier(password, *salt, iterations), kept);
}

}  // namespace sluice::postgres
