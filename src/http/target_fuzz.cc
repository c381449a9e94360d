#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "http/head.h"
#include "http/target.h"

// Whatever comes, the readers of heads and targets neither fail nor let through what the routes must never see.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_target(std::string_view bytes) {
  const auto target = sluice::http::parse_target(bytes);
  if (!target) return;
  const auto& path = target->path;
  require(path.starts_with('/'));
  require((path + "/").find("/../") == std::string::npos && (path + "/").find("/./") == std::string::npos);
  require(path.find("//") == std::string::npos && path.find('\0') == std::string::npos);
  require(sluice::is_utf8(path));
  for (const auto& [name, value] : target->query)
    require(!name.empty() && sluice::is_utf8(name) && sluice::is_utf8(value));
}

void check_head(std::string_view bytes) {
  const auto end = sluice::http::find_head(bytes);
  if (!end || !*end) return;
  const auto head = sluice::http::parse_head(bytes.substr(0, **end));
  if (!head) return;
  require(!(head->chunked && head->length));
  int hosts = 0, lengths = 0;
  for (const auto& [name, value] : head->headers.all) {
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    sluice::http::Headers one;
    one.all.emplace_back(name, value);
    hosts += one.get("Host") ? 1 : 0;
    lengths += one.get("Content-Length") ? 1 : 0;
  }
  require(hosts <= 1 && lengths <= 1 && (hosts == 1 || head->minor == 0));
  check_target(head->target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_target(bytes);
  check_head(bytes);
  return 0;
}
