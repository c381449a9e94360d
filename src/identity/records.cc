#include "identity/records.h"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/codec.h"

namespace sluice::identity {
namespace {

constexpr const char* kToken = "token";
constexpr const char* kSession = "session";
constexpr const char* kUsed = "credential used";
constexpr const char* kCode = "sign-in code";
constexpr const char* kTheCode = "first";

template <class T>
std::optional<T> decoded(const std::string& document) {
  boost::system::error_code wrong;
  auto value = boost::json::parse(document, wrong);
  if (wrong) return std::nullopt;
  auto read = codec::read<T>(value);
  if (!read) return std::nullopt;
  return std::move(*read);
}

template <class T>
std::string encoded(const T& value) {
  return boost::json::serialize(codec::write(value));
}

template <class T>
std::vector<Kept<T>> all(store::Store& store, const char* kind) {
  std::vector<Kept<T>> out;
  for (auto& [hash, document] : store.list(kind)) {
    if (auto record = decoded<T>(document)) out.push_back({hash, std::move(*record)});
  }
  return out;
}

}  // namespace

std::vector<Kept<TokenRecord>> Records::tokens() { return all<TokenRecord>(store_, kToken); }

std::optional<TokenRecord> Records::token(const std::string& hash) {
  auto document = store_.get(kToken, hash);
  return document ? decoded<TokenRecord>(*document) : std::nullopt;
}

Result<> Records::keep(const std::string& hash, const TokenRecord& record) {
  return store_.put(kToken, hash, encoded(record));
}

Result<> Records::forget_token(const std::string& hash, const std::string& id) {
  if (auto gone = store_.remove(kToken, hash); !gone) return gone;
  return store_.remove(kUsed, id);
}

std::vector<Kept<SessionRecord>> Records::sessions() { return all<SessionRecord>(store_, kSession); }

Result<> Records::keep(const std::string& hash, const SessionRecord& record) {
  return store_.put(kSession, hash, encoded(record));
}

Result<> Records::forget_session(const std::string& hash, const std::string& id) {
  if (auto gone = store_.remove(kSession, hash); !gone) return gone;
  return store_.remove(kUsed, id);
}

std::optional<Time> Records::used(const std::string& id) {
  auto document = store_.get(kUsed, id);
  return document ? decoded<Time>(*document) : std::nullopt;
}

Result<> Records::keep_used(const std::string& id, Time at) { return store_.put(kUsed, id, encoded(at)); }

void Records::forget_used_of_others(const std::vector<std::string>& living) {
  for (const auto& [id, document] : store_.list(kUsed)) {
    if (std::find(living.begin(), living.end(), id) != living.end()) continue;
    // Left behind, it does no harm and is tried again at the next start.
    if (!store_.remove(kUsed, id)) return;
  }
}

std::optional<std::string> Records::code() {
  auto document = store_.get(kCode, kTheCode);
  return document ? decoded<std::string>(*document) : std::nullopt;
}

Result<> Records::keep_code(const std::string& hash) { return store_.put(kCode, kTheCode, encoded(hash)); }

Result<> Records::forget_code() { return store_.remove(kCode, kTheCode); }

}  // namespace sluice::identity
