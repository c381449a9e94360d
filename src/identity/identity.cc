#include "identity/identity.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "base/digest.h"
#include "identity/records.h"
#include "identity/uses.h"

namespace sluice::identity {
namespace {

using pipeline::Actor;
using pipeline::ActorKind;
using pipeline::Role;

constexpr Duration kSessionIdle = std::chrono::hours(24 * 30);
constexpr Duration kBetweenNotes = std::chrono::minutes(1);
constexpr Duration kLongestLife = std::chrono::hours(24 * 3650);
constexpr std::size_t kSessionsPerToken = 100;  // the one longest unused goes when another is opened
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kSecretLength = 32;  // of five bits each
constexpr std::size_t kCodeLength = 24;
constexpr std::string_view kPrefix = "slc_";

// The time of the last use, and of the last one that was noted.
struct Use {
  std::atomic<std::int64_t> last{0}, noted{0};
};

struct LiveToken {
  std::string hash;
  TokenRecord record;
  Use use;
};
struct LiveSession {
  std::string hash;
  SessionRecord record;
  Use use;
};
using TokenPtr = std::shared_ptr<LiveToken>;
using SessionPtr = std::shared_ptr<LiveSession>;

std::int64_t count(Time t) { return t.time_since_epoch().count(); }
Time time_of(std::int64_t ms) { return Time(Duration(ms)); }

template <class Live>
void start_use(Live& live, Time at) {
  live.use.last = live.use.noted = count(at);
}

tl::unexpected<Error> unknown(const char* what) {
  return fail(ErrorKind::unauthenticated,
              std::string("this ") + what + " is not known here (revoked, expired or of another server): sign in anew");
}

// A person types the code from a terminal: groups, spaces and capitals make no difference.
std::string plain_code(const std::string& typed) {
  std::string out;
  for (char c : typed) {
    if (c == '-' || c == ' ' || c == '\n' || c == '\r') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

std::string in_groups(const std::string& code) {
  std::string out;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i != 0 && i % 4 == 0) out.push_back('-');
    out.push_back(code[i]);
  }
  return out;
}

Result<> check_name(const std::string& name) {
  if (name.empty() || name.size() > kLongestName) return fail_field("name", "must have 1 to 64 characters");
  for (char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return fail_field("name", "must not hold control characters");
  }
  if (name.starts_with("tok_")) return fail_field("name", "must not begin with tok_, as ids do");
  return {};
}

class KeptIdentity final : public Identity {
 public:
  KeptIdentity(store::Store& store, const Clock& clock, Random& random)
      : records_(store), clock_(clock), random_(random), uses_([this](const std::string& id, Time at) {
          // Lost when the disk is full; the use after the next minute is noted again.
          (void)records_.keep_used(id, at);
        }) {
    std::unique_lock lock(mutex_);
    reload_tokens();
    load_sessions();
  }

  Result<Caller> by_token(const std::string& secret) override {
    if (secret.size() != kPrefix.size() + kSecretLength || !secret.starts_with(kPrefix)) return unknown("token");
    const std::string hash = sha256_hex(secret);
    auto token = token_of(hash);
    if (!token) return fail(token.error());
    if (!*token) return unknown("token");
    note_use(**token);
    return caller_of(**token, (*token)->record.id);
  }

  Result<Caller> by_session(const std::string& cookie) override {
    const std::string hash = sha256_hex(cookie);
    std::shared_lock lock(mutex_);
    auto session = sessions_.find(hash);
    if (session == sessions_.end() || !equal_in_constant_time(session->second->hash, hash)) return unknown("session");
    auto caller = caller_of(*session->second);
    if (!caller) return unknown("session");
    note_use(*session->second);
    return *caller;
  }

  Result<NewToken> create_token(const std::string& name, Role role, std::optional<Duration> expires_in) override {
    if (auto fine = check_name(name); !fine) return fail(fine.error());
    if (expires_in && (*expires_in <= Duration(0) || *expires_in > kLongestLife)) {
      return fail_field("expires_in", "must be more than nothing and at most 3650d");
    }
    return reading([&]() -> Result<NewToken> {
      std::unique_lock lock(mutex_);
      reload_tokens();
      for (const auto& [hash, token] : tokens_) {
        if (token->record.name != name) continue;
        if (living(token->record)) {
          return fail(ErrorKind::conflict,
                      "a token named \"" + name + "\" exists already: take another name, or revoke that one first");
        }
        if (auto gone = drop(*token); !gone) return fail(gone.error());
        break;
      }
      auto token = std::make_shared<LiveToken>();
      const Time now = clock_.now();
      const std::string secret = std::string(kPrefix) + random_id(random_, kSecretLength);
      token->hash = sha256_hex(secret);
      token->record = {"tok_" + random_id(random_, 12), name, role, now, std::nullopt};
      if (expires_in) token->record.expires_at = now + *expires_in;
      if (auto kept = records_.keep(token->hash, token->record); !kept) return fail(kept.error());
      tokens_[token->hash] = token;
      return NewToken{shown(*token), secret};
    });
  }

  std::vector<Token> tokens() override {
    std::unique_lock lock(mutex_);
    reload_tokens();
    std::vector<Token> out;
    for (const auto& [hash, token] : tokens_) out.push_back(shown(*token));
    std::sort(out.begin(), out.end(), [](const Token& a, const Token& b) {
      return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
    });
    return out;
  }

  Result<> revoke(const std::string& id_or_name) override {
    return reading([&]() -> Result<> {
      std::unique_lock lock(mutex_);
      reload_tokens();
      for (const auto& [hash, token] : tokens_) {
        if (token->record.id != id_or_name && token->record.name != id_or_name) continue;
        const TokenPtr found = token;
        return drop(*found);
      }
      return fail(ErrorKind::not_found, "there is no token " + id_or_name);
    });
  }

  bool valid(const std::string& credential) override {
    std::shared_lock lock(mutex_);
    for (const auto& [hash, token] : tokens_) {
      if (token->record.id == credential) return living(token->record);
    }
    for (const auto& [hash, session] : sessions_) {
      if (session->record.id == credential) return caller_of(*session).has_value();
    }
    return false;
  }

  Result<std::pair<std::string, Caller>> sign_in(const std::string& token_or_code) override {
    if (token_or_code.starts_with(kPrefix)) {
      auto token = token_of(sha256_hex(token_or_code));
      if (!token) return fail(token.error());
      if (!*token) return unknown("token");
      note_use(**token);
      std::unique_lock lock(mutex_);
      return open_session((*token)->record.id);
    }
    return reading([&]() -> Result<std::pair<std::string, Caller>> {
      std::unique_lock lock(mutex_);
      const auto code = records_.code();
      if (!code || !equal_in_constant_time(*code, sha256_hex(plain_code(token_or_code)))) {
        return fail(ErrorKind::unauthenticated,
                    "this is neither a token nor the sign-in code of the server's first start (a code is good once, "
                    "and only the newest): make a token with `sluice token create` on the server's machine");
      }
      // Used up before anything is given for it: of two who show it, one at most gets in.
      if (auto gone = records_.forget_code(); !gone) return fail(gone.error());
      return open_session("");
    });
  }

  void sign_out(const std::string& cookie) override {
    std::unique_lock lock(mutex_);
    auto session = sessions_.find(sha256_hex(cookie));
    if (session == sessions_.end()) return;
    const SessionPtr found = session->second;
    (void)drop(*found);
  }

  std::optional<std::string> first_sign_in() override {
    std::unique_lock lock(mutex_);
    reload_tokens();
    if (admin_exists()) {
      (void)records_.forget_code();
      return std::nullopt;
    }
    const std::string code = random_id(random_, kCodeLength);
    if (!records_.keep_code(sha256_hex(code))) return std::nullopt;
    return in_groups(code);
  }

 private:
  // Reads of the store that have no room for an Error throw.
  template <class F>
  static auto reading(F&& body) -> std::invoke_result_t<F&> {
    try {
      return body();
    } catch (const std::exception& broken) {
      return fail(ErrorKind::unavailable, broken.what());
    }
  }

  [[nodiscard]] bool living(const TokenRecord& token) const {
    return !token.expires_at || clock_.now() < *token.expires_at;
  }
  [[nodiscard]] bool living(const LiveSession& session) const {
    return clock_.now() - time_of(session.use.last) < kSessionIdle;
  }

  template <class Live>
  void note_use(Live& live) {
    const std::int64_t now = count(clock_.now());
    live.use.last = now;
    std::int64_t noted = live.use.noted;
    if (now - noted < kBetweenNotes.count()) return;
    if (live.use.noted.compare_exchange_strong(noted, now)) uses_.note(live.record.id, time_of(now));
  }

  // Null when there is no such token that is good; an error when the store cannot be asked.
  Result<TokenPtr> token_of(const std::string& hash) {
    {
      std::shared_lock lock(mutex_);
      auto found = tokens_.find(hash);
      if (found != tokens_.end() && equal_in_constant_time(found->second->hash, hash)) {
        return living(found->second->record) ? found->second : nullptr;
      }
    }
    // Another process may have made it (`sluice token create --data`).
    return reading([&]() -> Result<TokenPtr> {
      auto record = records_.token(hash);
      if (!record || !living(*record)) return TokenPtr();
      std::unique_lock lock(mutex_);
      // Once more, as it may have been revoked since.
      record = records_.token(hash);
      if (!record) return TokenPtr();
      return remember(hash, *record);
    });
  }

  TokenPtr remember(const std::string& hash, const TokenRecord& record) {
    TokenPtr& slot = tokens_[hash];
    if (!slot) {
      slot = std::make_shared<LiveToken>();
      slot->hash = hash;
      slot->record = record;
      if (auto used = records_.used(record.id)) start_use(*slot, *used);
    }
    return slot;
  }

  // What other processes made comes in, what they revoked goes.
  void reload_tokens() {
    const auto kept = records_.tokens();  // may throw; then nothing has changed
    std::unordered_map<std::string, TokenPtr> before;
    before.swap(tokens_);
    for (const auto& [hash, record] : kept) {
      auto known = before.find(hash);
      if (known != before.end()) {
        tokens_[hash] = known->second;
      } else {
        remember(hash, record);
      }
    }
  }

  void load_sessions() {
    std::vector<std::string> ids;
    for (const auto& [hash, token] : tokens_) ids.push_back(token->record.id);
    for (const auto& [hash, record] : records_.sessions()) {
      auto session = std::make_shared<LiveSession>();
      session->hash = hash;
      session->record = record;
      start_use(*session, records_.used(record.id).value_or(record.created_at));
      if (caller_of(*session)) {
        sessions_[hash] = session;
        ids.push_back(record.id);
      } else {
        (void)records_.forget_session(hash, record.id);
      }
    }
    records_.forget_used_of_others(ids);
  }

  static Caller caller_of(const LiveToken& token, const std::string& credential) {
    return {Actor{ActorKind::token, token.record.name, token.record.role}, credential};
  }
  // Nobody when it has not been used for too long, or its token is no longer good.
  [[nodiscard]] std::optional<Caller> caller_of(const LiveSession& session) const {
    if (!living(session)) return std::nullopt;
    if (session.record.token.empty()) {
      return Caller{Actor{ActorKind::user, "owner", Role::admin}, session.record.id};
    }
    for (const auto& [hash, token] : tokens_) {
      if (token->record.id == session.record.token && living(token->record)) {
        return caller_of(*token, session.record.id);
      }
    }
    return std::nullopt;
  }

  Result<std::pair<std::string, Caller>> open_session(const std::string& token) {
    make_room_for_session(token);
    auto session = std::make_shared<LiveSession>();
    const std::string cookie = random_id(random_, kSecretLength);
    session->hash = sha256_hex(cookie);
    session->record = {"ses_" + random_id(random_, 12), token, clock_.now()};
    start_use(*session, clock_.now());
    auto caller = caller_of(*session);
    if (!caller) return unknown("token");
    if (auto kept = records_.keep(session->hash, session->record); !kept) return fail(kept.error());
    sessions_[session->hash] = session;
    return std::pair(cookie, *caller);
  }

  void make_room_for_session(const std::string& token) {
    std::vector<SessionPtr> over, same;
    for (const auto& [hash, session] : sessions_) {
      if (!caller_of(*session)) {
        over.push_back(session);
      } else if (session->record.token == token) {
        same.push_back(session);
      }
    }
    if (same.size() >= kSessionsPerToken) {
      over.push_back(*std::min_element(same.begin(), same.end(), [](const SessionPtr& a, const SessionPtr& b) {
        return a->use.last < b->use.last;
      }));
    }
    for (const auto& session : over) (void)drop(*session);
  }

  // In memory it is over even when the store cannot be written; then it says so.
  Result<> drop(const LiveSession& session) {
    auto gone = records_.forget_session(session.hash, session.record.id);
    const std::string hash = session.hash;
    sessions_.erase(hash);
    return gone;
  }
  Result<> drop(const LiveToken& token) {
    const TokenRecord record = token.record;
    auto gone = records_.forget_token(token.hash, record.id);
    if (!gone) return gone;
    const std::string hash = token.hash;
    tokens_.erase(hash);
    std::vector<SessionPtr> of_it;
    for (const auto& [key, session] : sessions_) {
      if (session->record.token == record.id) of_it.push_back(session);
    }
    for (const auto& session : of_it) (void)drop(*session);
    return {};
  }

  [[nodiscard]] bool admin_exists() const {
    for (const auto& [hash, token] : tokens_) {
      if (token->record.role == Role::admin && living(token->record)) return true;
    }
    for (const auto& [hash, session] : sessions_) {
      if (session->record.token.empty() && living(*session)) return true;
    }
    return false;
  }

  static Token shown(const LiveToken& token) {
    Token out{token.record.id,         token.record.name,       token.record.role,
              token.record.created_at, token.record.expires_at, std::nullopt};
    if (token.use.last != 0) out.last_used_at = time_of(token.use.last);
    return out;
  }

  Records records_;
  const Clock& clock_;
  Random& random_;
  std::shared_mutex mutex_;  // of both maps; they are by hash
  std::unordered_map<std::string, TokenPtr> tokens_;
  std::unordered_map<std::string, SessionPtr> sessions_;
  Uses uses_;  // ends first: its thread uses what stands above
};

}  // namespace

std::unique_ptr<Identity> Identity::open(store::Store& store, const Clock& clock, Random& random) {
  return std::make_unique<KeptIdentity>(store, clock, random);
}

}  // namespace sluice::identity
