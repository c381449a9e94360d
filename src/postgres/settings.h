#pragma once
#include <cstdint>
#include <string>

// The text of the cluster's configuration files.
namespace sluice::postgres {

// The superuser: whoever owns the cluster's folder, through the Unix socket only.
inline constexpr const char* kOwner = "sluice";

std::string render_settings(std::uint16_t port);       // postgresql.conf
std::string render_access();                           // pg_hba.conf
std::string render_users(const std::string& os_user);  // pg_ident.conf

}  // namespace sluice::postgres
