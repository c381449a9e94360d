#pragma once
#include <optional>
#include <string>

#include "base/time.h"

namespace sluice::acme {

// How a domain and its certificate stand. Without an authority there is only the certificate's term.
struct Standing {
  std::optional<Time> from, until;  // of the certificate in force
  bool obtaining = false;           // one is asked for right now, or as soon as the domains before it have theirs
  std::string error;                // why the newest try failed; empty: it did not
  std::optional<Time> next_try;     // what an authority is asked next, for lack of one or to renew it
  bool operator==(const Standing&) const = default;
};

}  // namespace sluice::acme
