#pragma once
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

// What PostgreSQL keeps of a password (RFC 5802, RFC 7677), computed on this side, so that the password itself is in no
// statement, no log and no memory of the server's.
namespace sluice::postgres {

// Printable ASCII, which SASLprep leaves as it is; 1 to 200 bytes.
Result<> check_password(std::string_view password);
// SCRAM-SHA-256$4096:SALT$STORED:SERVER
std::string scram_verifier(std::string_view password, Random& random);
// False for what is no such verifier, too.
bool scram_matches(std::string_view verifier, std::string_view password);

}  // namespace sluice::postgres
