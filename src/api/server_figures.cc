#include <fmt/format.h>
#include <sys/resource.h>
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

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

constexpr std::int64_t kUpTo[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 60000};  // milliseconds

// Counted since this start; a stage that has used nothing since, and runs nothing, is left out.
void stage_figures(std::string& out, const metrics::Metrics& metrics, const std::vector<conductor::Snapshot>& stacks) {
  struct One {
    std::string labels;
    metrics::Now now;
    metrics::Use use;
  };
  std::vector<One> all;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      One one{fmt::format("stack=\"{}\",stage=\"{}\"", stack->name, stage.name), metrics.now(stage.id.value),
              metrics.since_start(stage.id.value)};
      if (one.now.instances > 0 || one.use != metrics::Use{}) all.push_back(std::move(one));
    }
  }
  const auto each = [&](const char* name, const char* type, const char* help, auto write) {
    figure(out, name, type, help);
    for (const auto& one : all) write(one);
  };
  each("sluice_stage_instances", "gauge", "Instances that run.",
       [&](const One& one) { out += fmt::format("sluice_stage_instances{{{}}} {}\n", one.labels, one.now.instances); });
  each("sluice_stage_memory_bytes", "gauge", "Resident memory of a stage's instances.", [&](const One& one) {
    out += fmt::format("sluice_stage_memory_bytes{{{}}} {}\n", one.labels, one.now.memory_kib * 1024);
  });
  each("sluice_stage_cpu_seconds_total", "counter", "Processor time of a stage's instances.", [&](const One& one) {
    out += fmt::format("sluice_stage_cpu_seconds_total{{{}}} {:.3f}\n", one.labels,
                       static_cast<double>(one.use.cpu_us) / 1e6);
  });
  each("sluice_stage_instance_seconds_total", "counter", "Time that a stage's instances ran, of all together.",
       [&](const One& one) {
         out += fmt::format("sluice_stage_instance_seconds_total{{{}}} {:.3f}\n", one.labels,
                            static_cast<double>(one.use.instance_ms) / 1e3);
       });
  each("sluice_stage_requests_total", "counter", "Requests finished, by class of status.", [&](const One& one) {
    for (std::size_t i = 0; i < one.use.requests.size(); ++i)
      out +=
          fmt::format("sluice_stage_requests_total{{{},status=\"{}xx\"}} {}\n", one.labels, i + 2, one.use.requests[i]);
  });
  each("sluice_stage_first_byte_seconds", "histogram", "Time until an answer began; bounds are true to 3.2 %.",
       [&](const One& one) {
         for (auto most : kUpTo)
           out += fmt::format("sluice_stage_first_byte_seconds_bucket{{{},le=\"{}\"}} {}\n", one.labels,
                              static_cast<double>(most) / 1000, one.use.latency.at_most(most));
         out += fmt::format("sluice_stage_first_byte_seconds_bucket{{{},le=\"+Inf\"}} {}\n", one.labels,
                            one.use.latency.count());
         out += fmt::format("sluice_stage_first_byte_seconds_sum{{{}}} {:.3f}\n", one.labels,
                            one.use.latency.sum() / 1000);
         out += fmt::format("sluice_stage_first_byte_seconds_count{{{}}} {}\n", one.labels, one.use.latency.count());
       });
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
  std::map<std::string, std::int64_t> states, steps;
  std::int64_t active = 0, waiting = 0, pending = 0;
  auto stacks = service.deps.conductor.snapshots();
  for (const auto& stack : stacks) {
    for (const auto* list : {&stack->stages, &stack->leaving}) {
      for (const auto& stage : *list) {
        ++states[codec::enum_name(pipeline::state_of(stage))];
        active += stage.active ? 1 : 0;
        if (stage.active) ++steps[codec::enum_name(stage.active->state)];
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
  figure(out, "sluice_deployments_active", "gauge", "Deployments that run, by state.");
  for (auto state :
       {"building", "publishing", "provisioning", "releasing", "starting", "verifying", "switching", "cancelling"})
    out += fmt::format("sluice_deployments_active{{state=\"{}\"}} {}\n", state, steps[state]);
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
  figure(out, "process_cpu_seconds_total", "counter", "Processor time of the server.");
  out += fmt::format("process_cpu_seconds_total {:.3f}\n", processor_seconds());
  if (service.deps.metrics != nullptr) stage_figures(out, *service.deps.metrics, stacks);
  figure(out, "sluice_info", "gauge", "The version that runs.");
  out += fmt::format("sluice_info{{version=\"{}\"}} 1\n", service.deps.version);
  return answer_text(200, std::move(out), "text/plain; version=0.0.4; charset=utf-8");
}

Answer openapi(Service&, const Call&) { return answer_text(200, std::string(openapi_document()), "application/json"); }

Answer list_findings(Service& service, const Call&) {
  const auto found = service.deps.examine ? service.deps.examine() : std::vector<doctor::Finding>{};
  return answer(200, json::object{{"items", codec::write(found)}});
}

}  // namespace sluice::api
