#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acme/standing.h"
#include "base/result.h"
#include "base/time.h"
#include "conductor/conductor.h"
#include "doctor/finding.h"
#include "http/server.h"
#include "identity/identity.h"
#include "logs/logs.h"
#include "metrics/metrics.h"
#include "platform/database.h"
#include "platform/region.h"
#include "secrets/secrets.h"
#include "source/source.h"
#include "store/store.h"

// Routes: HTTP in, commands and reads out; the event stream, followed logs, Git's smart HTTP and the OpenAPI document.
// It decides nothing about the flow: it sends commands to the conductor and reads snapshots and history.
namespace sluice::api {

// What the platform does with databases outside of deployments. Empty: it has none.
struct Databases {
  // Connects to an existing one as an app would; an error's sentence says what is wrong with it.
  std::function<Result<platform::TriedDatabase>(const std::string& url)> try_url = {};
  // Of those that Sluice makes.
  std::function<platform::DatabaseFacts(const pipeline::Stage& stage)> facts = {};
  std::function<Result<platform::DatabaseLogin>(const pipeline::Stage& stage)> login = {};
  // Newest first, also of what is gone.
  std::function<std::vector<platform::Backup>()> backups = {};
  std::function<Result<>(const std::string& name)> remove_backup = {};
};

// The certificates of stages' own domains. Empty: the platform takes none.
struct Certificates {
  // The chain and the key, in PEM; in force when it returns, with when it ends. invalid names `certificate` or `key`.
  std::function<Result<Time>(const std::string& domain, const std::string& pem)> set = {};
  std::function<Result<>(const std::string& domain)> remove = {};
  std::function<std::map<std::string, acme::Standing>()> all = {};  // by domain
  // Obtains one from the authority soon, whatever the domain has. Empty: the server was given no authority.
  std::function<void(const std::string& domain)> renew = {};
};

// The places where stages run. Empty: there is only the home region.
struct Regions {
  // The home region first.
  std::function<std::vector<platform::RegionState>()> all = {};
  // In use when it returns. invalid names `name`, `gateway` or `gateway_tls`; conflict: it exists.
  std::function<Result<platform::RegionState>(const platform::Region& region)> add = {};
  // Everything of it is gone when it returns. No stage is in it.
  std::function<Result<>(const std::string& name)> remove = {};
};

// Everything outlives the handler.
struct Deps {
  conductor::Conductor& conductor;
  store::Store& store;
  secrets::Secrets& secrets;
  identity::Identity& identity;
  source::Repositories& repositories;
  logs::Logs& logs;
  const Clock& clock;
  // The address under which a stage is reached.
  std::function<std::string(const std::string& stack_name, const pipeline::Stage& stage)> stage_url;
  // Lines of the gateway's access log of one stage; as logs::read_lines. Empty: an access log has no lines here.
  std::function<Result<logs::Lines>(const pipeline::Stage& stage, const std::string& stack_name,
                                    std::optional<Time> since, const std::string& cursor, std::size_t limit,
                                    const std::function<bool(std::string_view)>& keep)>
      access_lines;
  // Called after a stage's keys changed, and after its cache is to be emptied; what they changed is effective when they
  // return. Empty: the platform has neither.
  std::function<Result<>(const pipeline::Stage& stage)> keys_changed;
  std::function<Result<>(const pipeline::Stage& stage)> purge_cache;
  // Names and addresses (lower case, no port) by which requests may call this server: the guard against DNS rebinding.
  // Empty: localhost, 127.0.0.0/8 and [::1]. The host of public_url is always among them.
  std::vector<std::string> host_names;
  // How people reach this server, without a final slash: "http://localhost:7420". With https the session cookie is
  // Secure and has the __Host- prefix.
  std::string public_url;
  std::string version;
  // Whether everything a request needs is there; an error's sentence is the answer of /readyz. Empty: always.
  std::function<Result<>()> ready;
  // Looks at the server and its machine, for GET /api/v1/doctor. Empty: there is nothing to look at.
  std::function<std::vector<doctor::Finding>()> examine;
  // Answers a GET of what no program asks for: the pages of the dashboard. Open to everyone who calls this server by
  // its name. Empty: there are none.
  std::function<http::Response(const http::Request&)> pages;
  Databases databases = {};
  // What stages use. nullptr: this server measures nothing.
  metrics::Metrics* metrics = nullptr;
  // Called after a stage's own domains changed; it answers at them when this returns. Empty: it has none.
  std::function<Result<>(const pipeline::Stage& stage)> domains_changed = {};
  Certificates certificates = {};
  // Why this machine cannot hold a stage to these resources, a sentence with what helps; "": it can. Empty: it can hold
  // all.
  std::function<std::string(const pipeline::Resources&)> cannot_hold = {};
  Regions regions = {};
};

// Starts by comparing the tips of hosted branches with the newest check-ins, on a thread of its own: a crash between
// the push and the commit loses no check-in (R9.1). Its threads end when it is destroyed; destroy the http::Server
// first.
std::unique_ptr<http::Handler> make_api(Deps deps);

// The same comparison, done at once; the number of check-ins it made. make_api calls it.
int reconcile_tips(conductor::Conductor& conductor, source::Repositories& repositories);

}  // namespace sluice::api
