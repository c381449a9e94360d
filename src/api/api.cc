#include "api/api.h"

#include <spdlog/spdlog.h>

#include "api/service.h"
#include "base/codec.h"

namespace sluice::api {
namespace {

bool makes_secret(const Route& route) { return std::string_view(route.pattern) == "/api/v1/tokens"; }

class Api final : public http::Handler {
 public:
  explicit Api(Deps deps) : service_(std::move(deps)) {}

  Admission admit(const http::Request& head) override {
    Admission out;
    auto passed = service_.guard.pass(head);
    if (auto* refused = std::get_if<http::Response>(&passed)) {
      out.answer = finish(head, std::move(*refused));
      return out;
    }
    const auto& route = std::get<Call>(passed).route;
    out.body_limit = route.body_limit;
    out.streams = route.exchange != nullptr;
    return out;
  }

  http::Response handle(const http::Request& request) override {
    auto passed = service_.guard.pass(request);
    if (auto* refused = std::get_if<http::Response>(&passed)) return finish(request, std::move(*refused));
    auto& call = std::get<Call>(passed);
    if (call.route.handler == nullptr)
      return finish(request, problem(Error{ErrorKind::internal, request.path + " streams and was not streamed", {}}));

    auto key = request.headers.get("Idempotency-Key");
    // Signing in is no act on anything, and its answer is a secret as a whole.
    if (!key || request.method != "POST" || call.route.least == Least::nobody) return finish(request, answered(call));
    auto who = std::string(codec::enum_name(call.actor().kind)) + ":" + call.actor().name;
    auto run = [&](conductor::Remember remember) {
      call.remember = std::move(remember);
      return answered(call);
    };
    return finish(request, service_.idempotency.once(request, who, *key, makes_secret(call.route), run));
  }

  void exchange(http::Exchange& exchange) override {
    const auto& request = exchange.request();
    auto passed = service_.guard.pass(request);
    if (auto* refused = std::get_if<http::Response>(&passed)) {
      auto response = finish(request, std::move(*refused));
      exchange.head(response.status, response.headers);
      if (auto written = exchange.write(response.body); !written) spdlog::debug("api: {}", written.error().message);
      return;
    }
    const auto& call = std::get<Call>(passed);
    try {
      call.route.exchange(service_, call, exchange);
    } catch (const std::exception& e) {
      spdlog::error("api: {} {}: {}", request.method, request.path, e.what());
    }
  }

 private:
  http::Response answered(const Call& call) {
    using namespace std::chrono_literals;
    try {
      const auto newest = service_.deps.conductor.wait_commit(-1, 0ms);  // before anything is read
      auto out = call.route.handler(service_, call);
      if (!out) return problem(out.error());
      if (call.route.least != Least::nobody) out->headers.set("Sluice-Event-ID", std::to_string(newest));
      return std::move(*out);
    } catch (const std::exception& e) {
      return problem(Error{ErrorKind::internal, call.request.method + " " + call.request.path + ": " + e.what(), {}});
    }
  }

  http::Response finish(const http::Request& request, http::Response response) {
    harden(response.headers, service_.guard.tls());
    service_.figures.count(request.method, response.status);
    return response;
  }

  Service service_;
};

}  // namespace

std::unique_ptr<http::Handler> make_api(Deps deps) { return std::make_unique<Api>(std::move(deps)); }

}  // namespace sluice::api
