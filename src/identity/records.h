#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "pipeline/types.h"
#include "store/store.h"

// What this room keeps in the store's documents. The key of a token or session is the SHA-256 of its secret, so that
// one look finds it and the secret itself stands nowhere.
namespace sluice::identity {

struct TokenRecord {
  std::string id;  // tok_…
  std::string name;
  pipeline::Role role = pipeline::Role::viewer;
  Time created_at{};
  std::optional<Time> expires_at;
};
BOOST_DESCRIBE_STRUCT(TokenRecord, (), (id, name, role, created_at, expires_at))

struct SessionRecord {
  std::string id;     // ses_…
  std::string token;  // tok_… that it was opened with; empty: with the one-time code
  Time created_at{};
};
BOOST_DESCRIBE_STRUCT(SessionRecord, (), (id, token, created_at))

template <class T>
struct Kept {
  std::string hash;
  T record;
};

class Records {
 public:
  explicit Records(store::Store& store) : store_(store) {}

  // Those that cannot be read are left out: what is not understood opens nothing. Throws what the store throws.
  std::vector<Kept<TokenRecord>> tokens();
  std::optional<TokenRecord> token(const std::string& hash);
  Result<> keep(const std::string& hash, const TokenRecord& record);
  Result<> forget_token(const std::string& hash, const std::string& id);

  std::vector<Kept<SessionRecord>> sessions();
  Result<> keep(const std::string& hash, const SessionRecord& record);
  Result<> forget_session(const std::string& hash, const std::string& id);

  // When a token or session was last used, apart from it: noting a use never brings back what was revoked meanwhile.
  std::optional<Time> used(const std::string& id);
  Result<> keep_used(const std::string& id, Time at);
  void forget_used_of_others(const std::vector<std::string>& living);

  // The hash of the one-time code.
  std::optional<std::string> code();
  Result<> keep_code(const std::string& hash);
  Result<> forget_code();

 private:
  store::Store& store_;
};

}  // namespace sluice::identity
