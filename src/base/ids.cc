#include "base/ids.h"

#include <sys/random.h>

#include <cstdlib>
#include <vector>

namespace sluice {

void SystemRandom::fill(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    auto got = ::getrandom(out.data() + done, out.size() - done, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // a server without randomness must not hand out ids and tokens
    }
    done += static_cast<std::size_t>(got);
  }
}

std::string random_id(Random& random, std::size_t length) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::vector<std::uint8_t> bytes(length);
  random.fill(bytes);
  std::string out;
  out.reserve(length);
  for (auto byte : bytes) out.push_back(kAlphabet[byte & 31]);
  return out;
}

bool is_dns_label(std::string_view text, std::size_t longest) {
  if (text.empty() || text.size() > longest || text.front() == '-' || text.back() == '-') return false;
  for (char c : text) {
    bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!fine) return false;
  }
  return true;
}

}  // namespace sluice
