#include "doctor/doctor.h"

#include <algorithm>

#include "doctor/leftovers.h"
#include "doctor/machine.h"

namespace sluice::doctor {

std::vector<Finding> in_order(std::vector<Finding> findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return findings;
}

namespace {

// Of a region other than the home region only what is wrong.
void add_troubles(std::vector<Finding>& to, const std::filesystem::path& folder) {
  const auto region = folder.filename().string();
  for (auto finding : {supervisor(folder), gateway(folder), databases(folder)}) {
    if (finding.severity == Severity::ok) continue;
    finding.id += ":" + region;
    finding.title += " of " + region;
    to.push_back(std::move(finding));
  }
}

std::vector<Finding> of_machine(const std::filesystem::path& data) {
  std::vector<Finding> out{free_space(data), writable(data), database(data), key_file(data),
                           programs(),       sandboxes(),    metadata(),     names(),
                           supervisor(data), gateway(data),  databases(data)};
  std::error_code error;
  for (std::filesystem::directory_iterator it(data / "regions", error), end; !error && it != end; it.increment(error)) {
    if (std::filesystem::exists(it->path() / "region.json", error)) add_troubles(out, it->path());
  }
  return out;
}

}  // namespace

std::vector<Finding> examine(const std::filesystem::path& data) { return in_order(of_machine(data)); }

std::vector<Finding> examine(const std::filesystem::path& data, const Server& server) {
  auto out = of_machine(data);
  out.push_back(reach(server.api, server.gateway));
  out.push_back(limits(server.limits, server.stacks));
  out.push_back(clock(server.newest_event, server.now));
  out.push_back(stages(server.stacks));
  out.push_back(apps(server.stacks, server.ailing, server.absent));
  out.push_back(leftovers(data, server.stacks, server.now));
  out.push_back(backups(server.stacks, server.now));
  out.push_back(waiting(server.stacks, server.now));
  out.push_back(tokens(server.tokens, server.now));
  out.push_back(certificates(server.certificates, server.now));
  out.push_back(regions(server.regions_down));
  out.push_back(artifacts(server.artifacts, server.all_artifacts));
  out.push_back(repositories(server.repositories, server.all_repositories));
  return in_order(std::move(out));
}

}  // namespace sluice::doctor
