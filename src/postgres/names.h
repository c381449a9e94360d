#pragma once
#include <string>

#include "base/result.h"

// The names of roles and databases. What belongs to a stage and is there for a while only is called like the stage's,
// with an ending of ours after a "~".
namespace sluice::postgres {

// 1 to 40 bytes of UTF-8 without control characters and "~", and none that PostgreSQL or this room uses itself.
Result<> check_name(const std::string& name);

inline std::string restore_name(const std::string& name) { return name + "~restore"; }  // being filled by a restore
inline std::string before_name(const std::string& name) { return name + "~before"; }    // replaced by a restore
inline std::string guest_name(const std::string& name, const std::string& id) { return name + "~guest_" + id; }
inline constexpr const char* kCopies = "copies";  // the folder of backups on their way into another database
inline constexpr int kGuestId = 8;
// A regular expression of PostgreSQL's for all guests.
inline constexpr const char* kGuests = "~guest_[0-9a-z]{8}$";

}  // namespace sluice::postgres
