#pragma once
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace sluice::gateway {

// From when until when a certificate counts.
struct Term {
  Time from, until;
  bool operator==(const Term&) const = default;
};

// A chain of certificates, the domain's own first, and its key without a password; PEM, in any order.
struct Certificate {
  std::string pem;  // as HAProxy reads it: no empty lines
  Term term;
  bool operator==(const Certificate&) const = default;
};
// An Error (invalid) names `certificate` or `key`: no PEM, not of this key, not of this domain, over.
Result<Certificate> read_certificate(const std::string& pem, const std::string& domain, Time now);

}  // namespace sluice::gateway
