#include "doctor/flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "cgroup/groups.h"

namespace sluice::doctor {
namespace {

constexpr Duration kWaitsLong = std::chrono::hours(1);
constexpr Duration kEndsSoon = std::chrono::days(7);
constexpr Duration kCertificateEndsSoon = std::chrono::days(14);
constexpr Duration kBackupMayBeLate = std::chrono::days(1);
constexpr Duration kClockMayBeBehind = std::chrono::minutes(1);

// "a, b, c and 4 more"
std::string some_of(const std::vector<std::string>& all) {
  constexpr std::size_t kMost = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i) out += (i == 0 ? "" : ", ") + all[i];
  if (all.size() > kMost) out += fmt::format(" and {} more", all.size() - kMost);
  return out;
}

std::vector<std::string> with_reasons(const std::map<std::string, std::string>& all) {
  std::vector<std::string> out;
  for (const auto& [name, why] : all) out.push_back(fmt::format("{} ({})", name, why));
  return out;
}

bool on_this_machine(const std::string& address) {
  const auto scheme = address.find("://");
  const auto host = scheme == std::string::npos ? address : address.substr(scheme + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

}  // namespace

Finding limits(const Limits& held, const Stacks& stacks) {
  Finding out{"limits", Severity::ok, "Limits of memory and processor", "", ""};
  std::string missing;
  for (const auto& [is_held, what] :
       {std::pair(held.memory, "memory"), std::pair(held.cpu, "processor"), std::pair(held.processes, "processes")}) {
    if (!is_held) missing += (missing.empty() ? "" : ", ") + std::string(what);
  }
  if (missing.empty()) {
    out.detail = "They are held by cgroups in " + held.where + ".";
    return out;
  }
  std::vector<std::string> asking;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      const auto asked = stage.config.resources.value_or(pipeline::Resources{});
      if ((asked.memory > 0 && !held.memory) || (asked.cpu > 0 && !held.cpu))
        asking.push_back(stack->name + "/" + stage.name);
    }
  }
  out.severity = asking.empty() ? Severity::warning : Severity::problem;
  out.detail = "These are not held: " + missing + (held.problem.empty() ? "" : "; " + held.problem) + ".";
  if (!asking.empty()) out.detail += " They are asked for by " + some_of(asking) + ".";
  out.remedy = cgroup::kRemedy;
  return out;
}

Finding stages(const Stacks& stacks) {
  Finding out{"stages", Severity::ok, "Stages", "", ""};
  std::vector<std::string> failed, stuck;
  std::size_t all = 0;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      ++all;
      if (pipeline::state_of(stage) == pipeline::StageState::failed) failed.push_back(stack->name + "/" + stage.name);
    }
    for (const auto& stage : stack->leaving) {
      if (stage.deleting && !stage.deleting->problem.empty())
        stuck.push_back(fmt::format("{}/{} ({})", stack->name, stage.name, stage.deleting->problem));
    }
  }
  if (failed.empty() && stuck.empty()) {
    out.detail = all == 0 ? "There is none yet." : fmt::format("The newest deployment failed in none of {}.", all);
    return out;
  }
  out.severity = Severity::warning;
  if (!failed.empty()) {
    out.detail = "The newest deployment failed in " + some_of(failed) + ".";
    out.remedy =
        "Look at why with `sluice deployments STACK STAGE`, then push a change that mends it, or `sluice retry`.";
  }
  if (!stuck.empty()) {
    out.detail += (failed.empty() ? "" : " ") + ("These cannot be removed: " + some_of(stuck) + ".");
    out.remedy += std::string(failed.empty() ? "" : " ") +
                  "A removal is tried again by itself; `sluice stage delete STACK STAGE --force` ends it as it is.";
  }
  return out;
}

Finding apps(const Stacks& stacks, const Ailing& ailing, const Absent& absent) {
  Finding out{"apps", Severity::ok, "Running apps", "None ended by itself within the last hour.", ""};
  std::vector<std::string> sick, missing;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      if (const auto why = absent.find(stage.id); why != absent.end()) {
        missing.push_back(fmt::format("{}/{} ({})", stack->name, stage.name, why->second));
        continue;
      }
      const auto found = ailing.find(stage.id);
      if (found == ailing.end() || found->second.empty()) continue;
      const auto count = found->second.size();
      sick.push_back(fmt::format("{}/{} ({}{})", stack->name, stage.name, found->second.front(),
                                 count == 1 ? std::string() : fmt::format("; {} instances are like it", count)));
    }
  }
  if (sick.empty() && missing.empty()) return out;
  out.severity = missing.empty() ? Severity::warning : Severity::problem;
  out.detail = "";
  if (!missing.empty()) {
    out.detail = "These do not run: " + some_of(missing) + ".";
    out.remedy =
        "Remove the cause: they are tried again by themselves, without a restart of the server; `sluice redeploy STACK "
        "STAGE` builds anew what is missing of an artifact.";
  }
  if (sick.empty()) return out;
  const char* and_then = missing.empty() ? "" : " ";
  out.detail += and_then + ("These were ended, or ended by themselves, and were started again: " + some_of(sick) + ".");
  out.remedy +=
      std::string(and_then) +
      "`sluice logs STACK STAGE` shows what it wrote before; where memory is the cause, mend what takes it, or give "
      "more "
      "with `sluice stage set STACK STAGE --memory SIZE`.";
  return out;
}

Finding backups(const Stacks& stacks, Time now) {
  Finding out{"backups", Severity::ok, "Backups of databases", "", ""};
  std::vector<std::string> failed, late;
  std::size_t all = 0;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      if (!stage.backup_due) continue;
      ++all;
      const auto name = stack->name + "/" + stage.name;
      if (!stage.backup_problem.empty()) {
        failed.push_back(fmt::format("{} ({})", name, stage.backup_problem));
      } else if (now - *stage.backup_due > kBackupMayBeLate) {
        late.push_back(name);
      }
    }
  }
  if (failed.empty() && late.empty()) {
    out.detail = all == 0 ? "There is no database to back up." : fmt::format("Each of {} was made in time.", all);
    return out;
  }
  out.severity = Severity::warning;
  if (!failed.empty()) out.detail = "The newest failed: " + some_of(failed) + ".";
  if (!late.empty()) out.detail += (failed.empty() ? "" : " ") + ("More than a day late: " + some_of(late) + ".");
  out.remedy = "It is tried again every hour; `sluice db backup STACK STAGE` tries it now and says what is in the way.";
  return out;
}

Finding waiting(const Stacks& stacks, Time now) {
  Finding out{"waiting", Severity::ok, "Waiting deployments", "None has waited for more than an hour.", ""};
  std::vector<std::string> long_ones;
  for (const auto& stack : stacks) {
    for (const auto& stage : stack->stages) {
      if (!stage.waiting || now - stage.waiting->queued_at < kWaitsLong) continue;
      long_ones.push_back(fmt::format("{}/{} #{} ({}{})", stack->name, stage.name, stage.waiting->change.number,
                                      human_duration(now - stage.waiting->queued_at), stage.paused ? ", paused" : ""));
    }
  }
  if (long_ones.empty()) return out;
  out.severity = Severity::warning;
  out.detail = "For more than an hour these have waited for their turn: " + some_of(long_ones) + ".";
  out.remedy =
      "`sluice status STACK` shows what they wait for: cancel it when it is stuck, resume a stage that is paused.";
  return out;
}

Finding tokens(const std::vector<identity::Token>& tokens, Time now) {
  Finding out{"tokens", Severity::ok, "Tokens", "None ends within seven days.", ""};
  std::vector<std::string> soon;
  for (const auto& token : tokens) {
    if (!token.expires_at || *token.expires_at <= now || *token.expires_at - now > kEndsSoon) continue;
    soon.push_back(fmt::format("{} (in {})", token.name, human_duration(*token.expires_at - now)));
  }
  if (soon.empty()) return out;
  out.severity = Severity::warning;
  out.detail = "These end within seven days: " + some_of(soon) + ".";
  out.remedy = "Make new ones with `sluice token create`, and give them to what uses the old.";
  return out;
}

Finding certificates(const std::map<std::string, acme::Standing>& all, Time now) {
  Finding out{"certificates", Severity::ok, "Certificates", "None ends within fourteen days.", ""};
  std::vector<std::string> over, soon, failed;
  for (const auto& [domain, standing] : all) {
    if (standing.until && *standing.until <= now) {
      over.push_back(domain);
    } else if (standing.until && *standing.until - now <= kCertificateEndsSoon) {
      soon.push_back(fmt::format("{} (in {})", domain, human_duration(*standing.until - now)));
    }
    if (!standing.error.empty()) failed.push_back(domain + ": " + standing.error);
  }
  if (!failed.empty() && over.empty()) {
    out.severity = Severity::warning;
    out.detail = "For these none was got: " + some_of(failed) + ".";
    out.remedy = "It is tried again by itself; when the cause is gone, `sluice certificate renew` tries at once.";
    return out;
  }
  if (over.empty() && soon.empty()) return out;
  out.severity = over.empty() ? Severity::warning : Severity::problem;
  out.detail = over.empty() ? "These end within fourteen days: " + some_of(soon) + "."
                            : "Browsers refuse these domains, whose certificates have ended: " + some_of(over) + ".";
  out.remedy = "Get new ones and give them with `sluice certificate add`; no request is lost.";
  return out;
}

Finding regions(const Down& down) {
  Finding out{"regions", Severity::ok, "Regions", "All of them answer.", ""};
  if (down.empty()) return out;
  out.severity = Severity::problem;
  out.detail = "Their stages cannot deploy, and wait: " + some_of(with_reasons(down)) + ".";
  out.remedy =
      "Remove the cause: they are tried again every few seconds. One that is not needed goes with `sluice region "
      "remove` "
      "once its stages are deleted.";
  return out;
}

Finding artifacts(const Damage& of_stages, bool all) {
  Finding out{"artifacts", Severity::ok, "Artifacts", "Nothing is missing of what the stages run.", ""};
  if (!all) out.detail = "Nothing is missing of what was looked at; there is too much of it for a quick look.";
  if (of_stages.empty()) return out;
  out.severity = Severity::problem;
  out.detail = "What these run is damaged, and may not start again: " + some_of(with_reasons(of_stages)) + ".";
  out.remedy = "`sluice redeploy STACK STAGE` builds it anew; then look for what changed files in the data directory.";
  return out;
}

Finding repositories(const Damage& of_stacks, bool all) {
  Finding out{"repositories", Severity::ok, "Repositories", "The newest change of every stack can be read.", ""};
  if (!all) out.detail = "Those that were looked at can be read; there are too many for a quick look.";
  if (of_stacks.empty()) return out;
  out.severity = Severity::problem;
  out.detail = "These repositories are damaged: " + some_of(with_reasons(of_stacks)) + ".";
  out.remedy =
      "Put them back from your copy of the data directory, or move them out of repositories/ and push again: a push "
      "brings all of its commits back.";
  return out;
}

Finding clock(std::optional<Time> newest_event, Time now) {
  Finding out{"clock", Severity::ok, "Clock", "It is not behind what is recorded.", ""};
  if (!newest_event || *newest_event - now <= kClockMayBeBehind) return out;
  out.severity = Severity::problem;
  out.detail = fmt::format("It is {} behind the newest event: one of the two times is wrong.",
                           human_duration(*newest_event - now));
  out.remedy =
      "Set this machine's clock, and keep it right with NTP; until then ages and the ends of tokens are wrong.";
  return out;
}

Finding reach(const std::string& api, const std::string& gateway) {
  Finding out{"reach", Severity::ok, "Reach", "", ""};
  std::vector<std::string> open;
  if (!on_this_machine(api)) open.push_back("the API (" + api + ")");
  if (!on_this_machine(gateway)) open.push_back("the apps (" + gateway + ")");
  if (open.empty()) {
    out.detail = fmt::format("The API ({}) and the apps ({}) are reached from this machine only.", api, gateway);
    return out;
  }
  out.severity = Severity::warning;
  out.detail = "Open to the network without TLS: " + some_of(open) + ".";
  out.remedy = "Listen on 127.0.0.1, and put a proxy with TLS before it.";
  return out;
}

}  // namespace sluice::doctor
