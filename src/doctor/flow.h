#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/standing.h"
#include "base/time.h"
#include "doctor/finding.h"
#include "identity/identity.h"
#include "pipeline/pipeline.h"

// What a running server knows and the machine does not show. Pure.
namespace sluice::doctor {

using Stacks = std::vector<std::shared_ptr<const pipeline::Stack>>;

// Stages whose newest deployment failed, or whose removal does not come to its end.
Finding stages(const Stacks& stacks);
// Instances that serve and do not run as they should, each half a sentence, by stage.
using Ailing = std::map<pipeline::StageId, std::vector<std::string>>;
// Stages of which an instance is meant to serve and is not even started, with why.
using Absent = std::map<pipeline::StageId, std::string>;
Finding apps(const Stacks& stacks, const Ailing& ailing, const Absent& absent = {});
// Daily backups of databases that failed, or are more than a day late.
Finding backups(const Stacks& stacks, Time now);
// Deployments that have waited for their turn for more than an hour.
Finding waiting(const Stacks& stacks, Time now);
// Tokens that end within seven days.
Finding tokens(const std::vector<identity::Token>& tokens, Time now);
// Certificates that have ended, or do within fourteen days.
Finding certificates(const std::map<std::string, acme::Standing>& all, Time now);
// What apps and builds can be held to here, since this start of the server.
struct Limits {
  bool memory = false, cpu = false, processes = false;
  std::string where;    // for people
  std::string problem;  // half a sentence: why nothing is held
};
// warning: something cannot be held; problem: and a stage asks for it.
Finding limits(const Limits& held, const Stacks& stacks);
// Regions other than the home region that do not answer, with why.
using Down = std::map<std::string, std::string>;
Finding regions(const Down& down);
// What is kept and is not whole any more, by the stage or stack whose it is, with why; `all`: the time was enough to
// look at all of it.
using Damage = std::map<std::string, std::string>;
Finding artifacts(const Damage& of_stages, bool all = true);
Finding repositories(const Damage& of_stacks, bool all = true);
// A clock more than a minute behind the newest event: times would go backwards.
Finding clock(std::optional<Time> newest_event, Time now);
// Where the API ("http://127.0.0.1:7420") and the apps ("127.0.0.1:8080") are reached: neither has TLS of its own.
Finding reach(const std::string& api, const std::string& gateway);

}  // namespace sluice::doctor
