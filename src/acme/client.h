#pragma once
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace sluice::acme {

// The well-known public authority, whose certificates browsers trust.
inline constexpr const char* kPublicAuthority = "https://acme-v02.api.letsencrypt.org/directory";

// Gets certificates from an authority that speaks ACME (RFC 8555): runs uacme, which speaks it, and has the authority's
// question for a domain (the challenge http-01) answered.
class Client {
 public:
  struct Options {
    std::filesystem::path dir;  // belongs to the client alone: the account's key
    std::string directory = kPublicAuthority;
    std::string email;  // of the account, whose owner accepts the authority's terms by asking
  };
  // From now on `answer` is what http://DOMAIN/.well-known/acme-challenge/TOKEN says; empty: nothing any more.
  using Answer = std::function<Result<>(const std::string& token, const std::string& answer)>;

  // An Error says that uacme is not installed, or which of the two, --acme or --acme-directory, is wrong.
  static Result<Client> open(Options options);
  // A certificate's chain, the domain's own first, with a new key, in PEM. Takes seconds, three minutes at most. An
  // Error says in a sentence what the authority said. One call at a time.
  Result<std::string> obtain(const std::string& domain, const Answer& answer, std::stop_token stop = {}) const;

 private:
  explicit Client(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Result<> sign_up(std::stop_token stop) const;
  [[nodiscard]] std::vector<std::string> command() const;
  Options options_;
};

// What a person reads of uacme's standard error, when it did not get a certificate for the domain.
std::string refusal(const std::string& domain, const std::string& directory, const std::string& said);

}  // namespace sluice::acme
