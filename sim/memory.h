#pragma once
#include <map>
#include <string>
#include <vector>

#include "conductor/ledger.h"
#include "secrets/secrets.h"

// What is durable in a simulated world, kept in memory for speed. A crash of the server leaves it as it is.
namespace sluice::sim {

class MemoryLedger final : public conductor::Ledger {
 public:
  Result<std::int64_t> commit(const std::vector<store::Batch>& batches) override;
  Result<std::vector<pipeline::Stack>> load() override;
  std::int64_t last_seq() override { return last_seq_; }
  std::optional<pipeline::ApprovalPrecedent> approval_precedent(const pipeline::Stack&, const std::string& stage,
                                                                pipeline::ChangeNumber) override;
  std::optional<pipeline::Precedent> retry_precedent(const pipeline::StageId&) override;
  std::optional<pipeline::Precedent> deployment_precedent(const pipeline::StageId&,
                                                          const pipeline::DeploymentId&) override;
  std::optional<pipeline::Precedent> rollback_precedent(const pipeline::StageId&, const std::string& to,
                                                        pipeline::ChangeNumber serving) override;
  void promote_precedent(const pipeline::Stack&, pipeline::Promote&) override;
  std::string deployment_state(const pipeline::DeploymentId&) override;

  Result<std::string> settings(const pipeline::StageId& stage, pipeline::Revision revision) const;

 private:
  struct DeploymentRecord {
    pipeline::StageId stage;
    pipeline::Deployment deployment;
    pipeline::DeploymentState state = pipeline::DeploymentState::queued;
    bool returned = false;
    std::int64_t ended_seq = 0;
  };
  struct ApprovalRecord {
    pipeline::StageId stage;
    pipeline::ChangeNumber change = 0;
    pipeline::ApprovalPrecedent precedent;
  };
  struct StageRecord {
    pipeline::StackId stack;
    std::string name;
    bool deleted = false;
    std::vector<pipeline::StageId> after;
  };
  struct Noting;
  [[nodiscard]] pipeline::Precedent precedent_of(const DeploymentRecord& record) const;
  DeploymentRecord& record_of(const pipeline::DeploymentId& id);
  ApprovalRecord* newest_approval(const pipeline::StageId& stage, pipeline::ChangeNumber change);

  std::map<pipeline::StackId, pipeline::Stack> stacks_;
  std::int64_t last_seq_ = 0;
  std::vector<DeploymentRecord> deployments_;  // in order of queueing
  std::vector<ApprovalRecord> approvals_;      // in order of asking
  std::map<pipeline::StageId, StageRecord> stages_;
  std::map<std::pair<pipeline::StackId, pipeline::ChangeNumber>, std::string> commits_;
  std::map<std::pair<pipeline::StageId, pipeline::Revision>, std::string> settings_;
};

// Settings in plain JSON instead of sealed: what is tested here is that the right revisions are written.
class PlainSecrets final : public secrets::Secrets {
 public:
  using Lookup = std::function<Result<std::string>(const pipeline::StageId&, pipeline::Revision)>;
  explicit PlainSecrets(Lookup lookup) : lookup_(std::move(lookup)) {}
  Result<secrets::Settings> read(const pipeline::StageId& stage, pipeline::Revision revision) override;
  Result<store::SettingsRow> seal(const pipeline::StageId& stage, pipeline::Revision revision,
                                  const secrets::Settings& settings) override;
  std::string mac(std::string_view purpose, std::string_view bytes) override;

 private:
  Lookup lookup_;
};

}  // namespace sluice::sim
