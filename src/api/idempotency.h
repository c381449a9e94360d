#pragma once
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "base/time.h"
#include "conductor/conductor.h"
#include "http/message.h"
#include "store/store.h"

namespace sluice::api {

// Idempotency-Key: a POST repeated by the same caller with the same key and body is answered as it was the first time.
// Answers of 2xx are kept a day; what was refused changed nothing and may simply be asked again. That it was done is
// written with what it did, in one transaction, so that a crash in between cannot let it be done twice.
class Idempotency {
 public:
  Idempotency(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  // `who` is the actor. An answer that `holds_secret` is never written down: the repeat is then refused in words.
  http::Response once(const http::Request& request, const std::string& who, const std::string& key, bool holds_secret,
                      const std::function<http::Response(conductor::Remember)>& run);

 private:
  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::set<std::string> busy_;  // being worked on now
};

}  // namespace sluice::api
