#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace sluice::cli {

// What was typed, as plain values. `command` is the whole name: "status", "stage add". Each command reads the members
// that its own options fill; an option that was not typed leaves its optional empty.
struct Args {
  std::string command;
  bool json = false;

  std::string name;  // NAME: of a stack or a token; URL of login; SHELL of completion
  std::string stack, stage;
  std::string first, second;  // ids of `deployment` and `cancel`; stages of `env copy` and `env diff`

  // stack
  std::optional<std::string> repo, branch, repo_token, deploy_key, first_stage;
  // stage
  std::optional<std::string> before, after, database, endpoint, region, access, copy_from;
  std::optional<bool> approval, caching, sticky;
  std::optional<std::int64_t> instances, rate, burst;
  std::optional<std::string> cache_for, body_limit, answer_limit, sleep_after, hours, memory, cpu;
  std::vector<std::string> cache_paths;
  std::optional<std::vector<std::string>> domains;  // empty: none
  bool no_limits = false;
  std::optional<std::string> certificate, key;
  std::optional<std::string> platform, gateway;  // of `region add`
  std::optional<std::int64_t> gateway_tls;
  std::optional<std::string> confirm;
  bool force = false;
  // env
  bool build = false, runtime = false, secret = false;
  std::vector<std::string> pairs;  // K=V, K=-, K=@FILE; names of `env unset`
  std::optional<std::string> from_file;
  // decisions and flow
  std::optional<std::int64_t> change;
  std::optional<std::string> comment, to, settings, deployment;
  bool rebuild = false, pause = false;
  // looking
  bool watch = false, follow = false, release = false, access_log = false;
  std::optional<std::string> since, commit, grep, level;
  std::int64_t limit = 20;
  std::string wait_for = "success";
  std::string timeout = "10m";
  // prices
  std::optional<std::string> currency;
  std::optional<double> instance_hour, gb_hour;
  bool none = false;
  // account
  std::optional<std::string> token, role, expires, data;
  // the server's own machine
  ServeOptions serve;
  DownOptions down;
};

}  // namespace sluice::cli
