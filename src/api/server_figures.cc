#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "api/openapi.h"
#include "api/service.h"
#include "base/codec.h"

namespace sluice::api {
namespace {

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void figure(std::string& out, const char* name, const char* type, const char* help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

}  // namespace

Answer healthz(Service&, const Call&) { return answer(200, json::object{{"status", "ok"}}); }

Answer readyz(Service& service, const Call&) {
  if (service.deps.ready) {
    if (auto ready = service.deps.ready(); !ready) return problem(503, "unavailable", ready.error().message);
  }
  return answer(200, json::object{{"status", "ok"}});
}

// Prometheus' text format, version 0.0.4.
Answer metrics(Service& service, const Call&) {
  std::map<std::string, std::int64_t> states;
  std::int64_t active = 0, waiting = 0, pending = 0;
  auto stacks = service.deps.conductor.snapshots();
  for (const auto& stack : stacks) {
    for (const auto* list : {&stack->stages, &stack->leaving}) {
      for (const auto& stage : *list) {
        ++states[codec::enum_name(pipeline::state_of(stage))];
        active += stage.active ? 1 : 0;
        waiting += stage.waiting ? 1 : 0;
        pending += stage.approval ? 1 : 0;
      }
    }
  }
  std::string out;
  figure(out, "sluice_stacks", "gauge", "Stacks that exist.");
  out += fmt::format("sluice_stacks {}\n", stacks.size());
  figure(out, "sluice_stages", "gauge", "Stages by state.");
  for (auto state : {"empty", "live", "deploying", "failed", "asleep", "deleting"})
    out += fmt::format("sluice_stages{{state=\"{}\"}} {}\n", state, states[state]);
  figure(out, "sluice_deployments", "gauge",
         "Deployments that are not over, running (active) or waiting for their turn.");
  out += fmt::format("sluice_deployments{{place=\"active\"}} {}\n", active);
  out += fmt::format("sluice_deployments{{place=\"waiting\"}} {}\n", waiting);
  figure(out, "sluice_approvals_pending", "gauge", "Approvals that wait for a person.");
  out += fmt::format("sluice_approvals_pending {}\n", pending);
  figure(out, "sluice_events_total", "counter", "Events written since the first start (the newest one's number).");
  out += fmt::format("sluice_events_total {}\n", service.deps.store.last_seq());
  figure(out, "sluice_http_requests_total", "counter", "Requests answered since this start.");
  for (const auto& [what, count] : service.figures.requests())
    out +=
        fmt::format("sluice_http_requests_total{{method=\"{}\",status=\"{}\"}} {}\n", what.first, what.second, count);
  figure(out, "sluice_uptime_seconds", "gauge", "Seconds since this start.");
  out += fmt::format("sluice_uptime_seconds {:.3f}\n",
                     static_cast<double>((service.deps.clock.now() - service.figures.started()).count()) / 1000.0);
  figure(out, "process_resident_memory_bytes", "gauge", "Resident memory of the server.");
  out += fmt::format("process_resident_memory_bytes {}\n", resident_bytes());
  figure(out, "sluice_info", "gauge", "The version that runs.");
  out += fmt::format("sluice_info{{version=\"{}\"}} 1\n", service.deps.version);
  return answer_text(200, std::move(out), "text/plain; version=0.0.4; charset=utf-8");
}

Answer openapi(Service&, const Call&) { return answer_text(200, std::string(openapi_document()), "application/json"); }

Answer list_regions(Service&, const Call&) {
  return answer_page({json::object{{"name", "local"}, {"kind", "local"}}}, "");
}

Answer list_findings(Service& service, const Call&) {
  const auto found = service.deps.examine ? service.deps.examine() : std::vector<doctor::Finding>{};
  return answer(200, json::object{{"items", codec::write(found)}});
}

}  // namespace sluice::api
