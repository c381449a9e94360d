#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "pipeline/types.h"
#include "store/store.h"

// Who may speak: tokens (kept as SHA-256), the one-time sign-in of the first start, sessions for browsers (R8.7).
namespace sluice::identity {

struct Token {       // never the token itself
  std::string id;    // tok_…
  std::string name;  // unique among living tokens
  pipeline::Role role = pipeline::Role::developer;
  Time created_at{};
  std::optional<Time> expires_at, last_used_at;
};
struct NewToken {
  Token token;
  std::string secret;  // "slc_" and 32 characters; shown this once
};
struct Caller {
  pipeline::Actor actor;
  std::string credential;  // tok_… or ses_…: to close streams when it is revoked
};

class Identity {
 public:
  static std::unique_ptr<Identity> open(store::Store& store, const Clock& clock, Random& random);
  virtual ~Identity() = default;
  // Safe from any thread. A database that cannot be asked or written is `unavailable`.
  // unauthenticated when unknown, expired or revoked. In memory; microseconds.
  virtual Result<Caller> by_token(const std::string& secret) = 0;
  virtual Result<Caller> by_session(const std::string& cookie) = 0;
  // conflict: a living token has this name. Also from another process than the server (`sluice token create --data`).
  virtual Result<NewToken> create_token(const std::string& name, pipeline::Role,
                                        std::optional<Duration> expires_in) = 0;
  virtual std::vector<Token> tokens() = 0;  // oldest first; expired ones too; throws when the database cannot be read
  // Its sessions end with it.
  virtual Result<> revoke(const std::string& id_or_name) = 0;
  virtual bool valid(const std::string& credential) = 0;  // still good?
  // A session for whoever shows a token or the one-time code; answers the cookie's value and the caller. It ends with
  // its token, or after 30 days without use. The code's session is an admin's, of the user `owner`.
  virtual Result<std::pair<std::string, Caller>> sign_in(const std::string& token_or_code) = 0;
  virtual void sign_out(const std::string& cookie) = 0;
  // Of the first start: a code that can be exchanged once, for an admin session; nothing when a living admin token or a
  // session opened by an earlier code exists. Each call makes a new code, and only the newest is good.
  virtual std::optional<std::string> first_sign_in() = 0;
};

}  // namespace sluice::identity
