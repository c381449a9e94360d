#pragma once
#include <atomic>

#include "http/server.h"

namespace sluice::http {

// Stands for routes that can be made only when the server's address is known: until they are there, whoever asks is
// told to come back in a moment (503).
class LateHandler final : public Handler {
 public:
  // Once, from any thread; `routes` must outlive the server.
  void set(Handler& routes) { to_ = &routes; }
  Admission admit(const Request& head) override;
  Response handle(const Request& request) override { return to_.load()->handle(request); }
  void exchange(Exchange& exchange) override { to_.load()->exchange(exchange); }

 private:
  std::atomic<Handler*> to_ = nullptr;
};

}  // namespace sluice::http
