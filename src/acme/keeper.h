#pragma once
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "acme/standing.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::acme {

struct Term {
  Time from, until;
};
// What is remembered of a domain whose newest try failed.
struct Tries {
  std::int64_t failures = 0;
  Time next{};
  std::string error;
  bool operator==(const Tries&) const = default;
};
// How long to wait after so many failures in a row: a minute, doubling up to twelve hours.
Duration pause_after(std::int64_t failures);
// When a certificate is to be got: at once where there is none, else when a third of its lifetime is left, and not
// before its next try.
Time due(const std::optional<Term>& certificate, const Tries& tries);

// Sees to it that every domain has a certificate, one domain after the other, on a thread of its own. A certificate
// that works is replaced by another one only, never taken away.
class Keeper {
 public:
  // Called on the keeper's thread; `domains` and `certificates` on others, too.
  struct World {
    std::function<std::set<std::string>()> domains;             // those that want one now
    std::function<std::map<std::string, Term>()> certificates;  // in force, by domain
    std::function<Result<std::string>(const std::string& domain, std::stop_token stop)> obtain;  // chain and key
    std::function<Result<>(const std::string& domain, const std::string& pem)> set;
    std::function<void(const std::string& domain)>
        remove;  // one that was got for a domain that was taken away meanwhile
    // After every try; `again`: the one before failed, too. May be empty.
    std::function<void(const std::string& domain, const std::optional<Error>& error, bool again)> ended = {};
  };
  // What failed is kept in the file, so that a restart asks nobody earlier. Everything outlives the keeper.
  Keeper(World world, std::filesystem::path file, const Clock& clock);
  ~Keeper();  // breaks off what it obtains

  // Domains or certificates changed.
  void look();
  // Obtains one for this domain now, whatever it has.
  void renew(const std::string& domain);
  // A person gave it one, or took it away: what failed before counts no more.
  void forget(const std::string& domain);
  // Of all domains that want a certificate or have one.
  [[nodiscard]] std::map<std::string, Standing> standings() const;

 private:
  struct Next {
    std::optional<std::string> domain;
    Duration wait{};  // until one is due; looked at again after a minute at most
  };
  void work(std::stop_token stop);
  Next next(Time now);
  void attempt(const std::string& domain, std::stop_token stop);
  void keep() const;

  World world_;
  std::filesystem::path file_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  bool looked_ = false;
  std::set<std::string> wanted_;  // changed by the thread alone
  std::set<std::string> asked_;
  std::map<std::string, Tries> tries_;
  std::string obtaining_;
  std::jthread thread_;
};

}  // namespace sluice::acme
