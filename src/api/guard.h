#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/routes.h"

// What a request must pass before a handler sees it, in this order: Host, route and method, who it is, where it comes
// from (browsers), role, query names, type of the body.
namespace sluice::api {

struct GuardOptions {
  std::vector<std::string> host_names;
  std::string public_url;
  std::function<http::Response(const http::Request&)> pages;  // as Deps::pages
};

class Guard {
 public:
  Guard(identity::Identity& identity, const GuardOptions& options);
  // A Call to hand to the route, or the answer that refuses.
  [[nodiscard]] std::variant<Call, http::Response> pass(const http::Request& request) const;
  [[nodiscard]] bool tls() const { return tls_; }
  // The session cookie's name: with the __Host- prefix under TLS.
  [[nodiscard]] std::string cookie_name() const { return tls_ ? "__Host-sluice_session" : "sluice_session"; }
  [[nodiscard]] std::string cookie(const http::Request& request) const;  // "" when there is none

 private:
  [[nodiscard]] bool knows_host(const std::string& host) const;
  [[nodiscard]] bool same_origin(const http::Request& request) const;
  [[nodiscard]] Result<identity::Caller> caller(const http::Request& request, bool git, bool& by_cookie) const;

  identity::Identity& identity_;
  std::function<http::Response(const http::Request&)> pages_;
  std::vector<std::string> host_names_;
  std::string public_url_;
  bool tls_ = false;
};

// Whether a path lies where programs ask: below the first part of any route, or of /hooks. What is mistyped there is
// answered with a problem, never with a page.
bool is_for_programs(std::string_view path);

// "Example.com:7420" -> "example.com", "[::1]:80" -> "[::1]"; empty when it is no host.
std::string host_of(std::string_view authority);

}  // namespace sluice::api
