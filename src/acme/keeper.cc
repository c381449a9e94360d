#include "acme/keeper.h"

#include <algorithm>
#include <boost/describe.hpp>

#include "base/codec.h"
#include "base/files.h"

namespace sluice::acme {

BOOST_DESCRIBE_STRUCT(Tries, (), (failures, next, error))

namespace {

constexpr Duration kFirstPause = std::chrono::minutes(1), kLongestPause = std::chrono::hours(12);

std::map<std::string, Tries> read_tries(const std::filesystem::path& file) {
  boost::system::error_code error;
  const auto value = boost::json::parse(read_file(file).value_or("{}"), error);
  if (error) return {};
  return codec::read<std::map<std::string, Tries>>(value).value_or(std::map<std::string, Tries>{});
}

std::optional<Term> term_of(const std::map<std::string, Term>& certificates, const std::string& domain) {
  const auto found = certificates.find(domain);
  return found == certificates.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Duration pause_after(std::int64_t failures) {
  auto pause = kFirstPause;
  for (std::int64_t i = 1; i < failures && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

Time due(const std::optional<Term>& certificate, const Tries& tries) {
  if (!certificate) return tries.next;
  return std::max(tries.next, certificate->until - (certificate->until - certificate->from) / 3);
}

Keeper::Keeper(World world, std::filesystem::path file, const Clock& clock)
    : world_(std::move(world)), file_(std::move(file)), clock_(clock), tries_(read_tries(file_)) {
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

Keeper::~Keeper() = default;

void Keeper::look() {
  std::lock_guard lock(mutex_);
  looked_ = true;
  wake_.notify_all();
}

void Keeper::renew(const std::string& domain) {
  std::lock_guard lock(mutex_);
  asked_.insert(domain);
  looked_ = true;
  wake_.notify_all();
}

void Keeper::forget(const std::string& domain) {
  std::lock_guard lock(mutex_);
  if (tries_.erase(domain) > 0) keep();
  asked_.erase(domain);
  looked_ = true;
  wake_.notify_all();
}

std::map<std::string, Standing> Keeper::standings() const {
  const auto wanted = world_.domains();
  const auto certificates = world_.certificates();
  const auto now = clock_.now();
  std::map<std::string, Standing> out;
  for (const auto& [domain, term] : certificates) {
    out[domain].from = term.from;
    out[domain].until = term.until;
  }
  std::lock_guard lock(mutex_);
  for (const auto& domain : wanted) {
    auto& one = out[domain];
    const auto tries = tries_.find(domain);
    if (tries != tries_.end()) one.error = tries->second.error;
    const auto next = due(term_of(certificates, domain), tries == tries_.end() ? Tries{} : tries->second);
    one.obtaining = obtaining_ == domain || asked_.contains(domain) || next <= now;
    if (!one.obtaining) one.next_try = next;
  }
  return out;
}

void Keeper::work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto found = next(clock_.now());
    if (found.domain) {
      attempt(*found.domain, stop);
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, found.wait, [this] { return looked_; });
    looked_ = false;
  }
}

Keeper::Next Keeper::next(Time now) {
  const auto wanted = world_.domains();
  const auto certificates = world_.certificates();
  for (const auto& domain : wanted_) {
    if (!wanted.contains(domain) && certificates.contains(domain)) world_.remove(domain);
  }
  std::lock_guard lock(mutex_);
  wanted_ = wanted;
  std::erase_if(asked_, [&](const auto& domain) { return !wanted.contains(domain); });
  // A domain that comes back is new.
  if (std::erase_if(tries_, [&](const auto& one) { return !wanted.contains(one.first); }) > 0) keep();
  Next out{std::nullopt, std::chrono::minutes(1)};
  bool without = false;
  for (const auto& domain : wanted) {
    const auto term = term_of(certificates, domain);
    const auto tries = tries_.find(domain);
    const auto at = asked_.contains(domain) ? now : due(term, tries == tries_.end() ? Tries{} : tries->second);
    if (at > now) {
      out.wait = std::min(out.wait, at - now);
    } else if (!out.domain || (!term && !without)) {
      out.domain = domain;
      without = !term;
    }
  }
  if (out.domain) {
    obtaining_ = *out.domain;
    asked_.erase(*out.domain);
  }
  return out;
}

void Keeper::attempt(const std::string& domain, std::stop_token stop) {
  auto pem = world_.obtain(domain, stop);
  auto done = pem ? world_.set(domain, *pem) : Result<>(fail(pem.error()));
  const bool wanted = world_.domains().contains(domain);
  if (done && !wanted) world_.remove(domain);
  const auto now = clock_.now();
  std::optional<Error> error;
  bool again = false;
  {
    std::lock_guard lock(mutex_);
    obtaining_.clear();
    if (!done && done.error().kind == ErrorKind::cancelled) return;
    if (done || !wanted) {
      tries_.erase(domain);
    } else {
      auto& tries = tries_[domain];
      tries.error = done.error().message;
      again = tries.failures > 0;
      tries.next = now + pause_after(++tries.failures);
      error = done.error();
    }
    keep();
  }
  if (wanted && world_.ended) world_.ended(domain, error, again);
}

// What cannot be written is remembered until the server ends.
void Keeper::keep() const { (void)write_file(file_, boost::json::serialize(codec::write(tries_)), 0600); }

}  // namespace sluice::acme
