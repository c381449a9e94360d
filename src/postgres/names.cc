#include "postgres/names.h"

#include <algorithm>

#include "base/utf8.h"
#include "postgres/settings.h"

namespace sluice::postgres {

Result<> check_name(const std::string& name) {
  constexpr std::size_t kLongest = 40;  // with the longest ending it is still within PostgreSQL's 63
  const auto fits = [](char c) { return (c < 0 || c >= ' ') && c != 0x7f && c != '~'; };
  if (name.empty() || name.size() > kLongest || !is_utf8(name) || !std::all_of(name.begin(), name.end(), fits)) {
    return fail_field("name", "a database's name is 1 to 40 bytes of UTF-8 without ~ and control characters");
  }
  for (auto* own : {"postgres", "template0", "template1", "public", "none", kOwner}) {
    if (name == own) return fail_field("name", "no stage's database can be called " + name);
  }
  if (name.starts_with("pg_")) return fail_field("name", "a database's name cannot begin with pg_");
  return {};
}

}  // namespace sluice::postgres
