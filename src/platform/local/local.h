#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "build/builder.h"
#include "gateway/certificate.h"
#include "gateway/usage.h"
#include "logs/logs.h"
#include "pipeline/pipeline.h"
#include "platform/database.h"
#include "platform/platform.h"
#include "sandbox/sandbox.h"

// Stages on this machine: instances are s6 services inside bubblewrap, reached through HAProxy. What it starts outlives
// the server (R9.2) and is found again by the next one.
namespace sluice::platform {

namespace local {
struct TakenPorts;
}

// An instance whose main process runs, and what it and its descendants use (supervise/uses.h).
struct RunningInstance {
  pipeline::StageId stage;
  int pid = 0;
  Duration born{};  // since the machine came up
  std::uint64_t cpu_us = 0, memory_kib = 0;
};

// An instance that does not run as it should, though it is meant to: half a sentence, as "used more than its 512 MB of
// memory and was ended".
struct AilingInstance {
  pipeline::StageId stage;
  std::string what;
};

class LocalPlatform : public Platform {
 public:
  struct Options {
    std::filesystem::path data;  // the server's data directory; the platform keeps DATA/s6, DATA/gateway, DATA/stages
                                 // and DATA/databases
    std::string gateway_address = "127.0.0.1";
    std::uint16_t gateway_port = 8080;  // 0: the kernel picks one, and a later start with 0 keeps it
    std::optional<std::uint16_t> gateway_tls_port = std::nullopt;  // likewise; absent: no TLS
    std::string region = "local";                                  // of its stages
    std::filesystem::path backups = {};                            // of databases; empty: DATA/databases/backups
    std::shared_ptr<local::TakenPorts> ports = nullptr;            // of all platforms on this machine; none: its own
    // Writes the database that Sluice made for a stage of another platform, as LocalPlatform::dump. Empty: there is no
    // other.
    std::function<Result<std::string>(const pipeline::StageId& stage, const std::filesystem::path& file,
                                      std::stop_token stop)>
        dump_elsewhere = {};
    // What was mended by itself, or is being tried, for the server's log.
    std::function<void(const std::string& sentence)> report = {};
  };
  // Starts the supervisor and the gateway, or finds them running. Everything runs as the user of this process. The
  // references outlive the platform. An Error names what is in the way (a port that is taken, a program missing).
  static Result<std::unique_ptr<LocalPlatform>> start(Options options, logs::Logs& logs, build::Builder& builder,
                                                      const sandbox::Sandbox& sandbox, const Clock& clock);
  ~LocalPlatform() override;  // stops nothing
  // From here on s6 may end: it is not started again.
  void let_go();

  Advance advance(const pipeline::Work& work, Context& context) override;
  [[nodiscard]] bool at_once(const pipeline::Work& work) const override;
  // "http://STAGE.STACK.localhost:PORT"
  [[nodiscard]] std::string url(const std::string& stack, const std::string& stage) const;
  [[nodiscard]] std::uint16_t gateway_port() const;
  [[nodiscard]] std::uint16_t gateway_tls_port() const;  // 0: none
  // Whether it has anything of the stage's instances, or a route that answers at this domain.
  [[nodiscard]] bool knows(const pipeline::StageId& stage) const;
  [[nodiscard]] bool answers_at(const std::string& domain) const;

  // To be called once, with every stack there is, before any work begins; stages of other regions are none of its.
  // Brings back, also after the machine was restarted, the routes and instances of every stage's `current`; what
  // belongs to no known stage or deployment goes.
  Result<> reconcile(const std::vector<std::shared_ptr<const pipeline::Stack>>& stacks);

  // All keys that open the stage while its access is restricted; effective when it returns.
  Result<> set_keys(const pipeline::StageId& stage, const std::vector<pipeline::AccessKey>& keys);
  // All of the stage's own names, beside the given one; effective when it returns. A name is the last stage's that was
  // given it. The certificate of one that is taken away goes with it.
  Result<> set_domains(const pipeline::StageId& stage, const std::vector<std::string>& domains);
  // As the gateway's own: set_certificate, remove_certificate, certificates.
  Result<Time> set_certificate(const std::string& domain, const std::string& pem);
  Result<> remove_certificate(const std::string& domain);
  [[nodiscard]] std::map<std::string, gateway::Term> certificates() const;
  Result<> set_challenge(const std::string& token, const std::string& answer);  // as the gateway's own
  // No answer that the gateway keeps of the stage is given any more.
  Result<> purge_cache(const pipeline::StageId& stage);

  // Connects to an existing database as an app would, and changes nothing. The error says what is wrong with the URL
  // (invalid) or why nothing answers.
  static Result<TriedDatabase> try_database(const std::string& url);

  // To be called once. `wanted` is told of a stage that sleeps (Rest, idle) and for which requests are held: at once,
  // and every few seconds until instances of it serve. It is called on a thread of the platform's, until that is
  // destroyed.
  Result<> on_wanted(std::function<void(const pipeline::StageId& stage)> wanted);
  // What requests each stage had lately; cheap enough to be asked every few seconds.
  Result<std::map<pipeline::StageId, gateway::Use>> usage();

  // Of the database that Sluice made for the stage; takes at most about a second.
  [[nodiscard]] DatabaseFacts database(const pipeline::StageId& stage);
  // not_found where the stage has none here.
  Result<DatabaseLogin> database_login(const pipeline::StageId& stage);
  // Newest first; also of stages and stacks that are gone.
  [[nodiscard]] std::vector<Backup> backups() const;
  Result<> remove_backup(const std::string& name);
  // Into `file`, as pg_dump writes it for pg_restore; its SHA-256 in hex. not_found where the stage has none here.
  Result<std::string> dump(const pipeline::StageId& stage, const std::filesystem::path& file, std::stop_token stop);

  // The gateway's access log of one stage that exists, as logs::read_lines gives it; `instance` is empty.
  Result<logs::Lines> access_lines(const std::string& stack_name, const std::string& stage_name,
                                   std::optional<Time> since, const std::string& cursor, std::size_t limit = 2000,
                                   const std::function<bool(std::string_view)>& keep = {}) const;
  // Removes what is beyond the stated policy (logs::Keeping): of what instances of one stage wrote, that may be gone,
  // and of the access log.
  void clean_runtime_log(const pipeline::StackId& stack, const pipeline::StageId& stage) const;
  void clean_access_log() const;
  // The folder it is kept in, for logs::changed_since.
  [[nodiscard]] std::filesystem::path access_dir() const;

  // Of every stage, whatever they run for: also while they start and while they drain. One look at all processes of the
  // machine, none where nothing runs.
  [[nodiscard]] std::vector<RunningInstance> running() const;

  // Of what stages serve with: those that ended by themselves within the last hour, and those of which something was
  // ended for its memory since they were deployed.
  [[nodiscard]] std::vector<AilingInstance> ailing() const;
  // Stages that are meant to serve and of which an instance is not even started, with why; it is tried again until it
  // is.
  [[nodiscard]] std::map<pipeline::StageId, std::string> absent() const;

  // Ends everything that outlives a server of this data directory: gateway, apps (SIGTERM, 30 s, SIGKILL), databases,
  // supervisor.
  // Nothing is forgotten: the next start brings it all back. Nothing running is no error.
  static Result<> down(const std::filesystem::path& data);

 private:
  struct State;
  explicit LocalPlatform(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::platform
