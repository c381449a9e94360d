#pragma once
#include <cstdint>
#include <string>
#include <vector>

// HAProxy's files, from what the gateway knows: what all routes share. They always say the whole truth: a HAProxy that
// was killed comes back with them, and a reload loses nothing that was told to the running one.
namespace sluice::gateway {

struct Settings {
  std::string address;
  std::uint16_t port = 0;
  std::string generation;  // of the configuration; the running HAProxy says which it has
  int connections = 0;     // at most, at once
  int threads = 1;
  std::uint16_t tls_port = 0;  // 0: none
  std::int64_t held_for = 0,
               unheard_for = 0;  // seconds that a sleeping route's request is held; while nobody hears of it
  bool operator==(const Settings&) const = default;
};

constexpr const char* kCertificates = "certs";  // a folder: DOMAIN.pem

std::string render_main(const Settings& settings);
std::string render_hold(const Settings& settings);  // hold.lua
// Small pages by file name, light or dark as the reader's system is.
struct PageFile {
  std::string name, html;
};
std::vector<PageFile> pages();

}  // namespace sluice::gateway
