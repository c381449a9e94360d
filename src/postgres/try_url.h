#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "postgres/url.h"

namespace sluice::postgres {

struct Tried {
  std::string version;  // as the server says it: "15.8"
  int major = 0;
  std::string schema;              // where tables without a schema's name go; empty: the search path leads nowhere
  bool may_create_tables = false;  // in that schema
  bool operator==(const Tried&) const = default;
};

inline constexpr int kOldestAccepted = 12;

// Connects as an app would and looks around; changes nothing. An error is one sentence for a person, without the
// password: invalid (the URL is wrong for this server: user, password, database, TLS, version), unavailable (nothing
// answers, or it is full) or failed (psql is not installed).
Result<Tried> try_url(const Url& url, Duration at_most = std::chrono::seconds(10));

}  // namespace sluice::postgres
