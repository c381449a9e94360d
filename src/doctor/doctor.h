#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "doctor/finding.h"
#include "doctor/flow.h"

// Looks at a server and the machine it is on, and says what is wrong and what to do. Everything is looked at anew each
// time, in under a second.
namespace sluice::doctor {

// What a running server knows of itself.
struct Server {
  std::string api, gateway;  // as reach() takes them
  Stacks stacks;
  std::vector<identity::Token> tokens;
  std::optional<Time> newest_event;
  Time now{};
  Limits limits = {};
  std::map<std::string, acme::Standing> certificates = {};  // by domain
  Down regions_down = {};
  Ailing ailing = {};
  Absent absent = {};
  Damage artifacts = {};                               // of what stages run, by "STACK/STAGE"
  Damage repositories = {};                            // by stack
  bool all_artifacts = true, all_repositories = true;  // were looked at
};

// Of the machine alone, for a server that may not run.
std::vector<Finding> examine(const std::filesystem::path& data);
// Of both.
std::vector<Finding> examine(const std::filesystem::path& data, const Server& server);

}  // namespace sluice::doctor
