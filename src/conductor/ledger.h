#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

namespace sluice::conductor {

// The part of the store that the conductor needs, so that the simulator can keep it in memory. `commit` is called from
// one thread at a time, the rest from another; both may run at once.
class Ledger {
 public:
  virtual ~Ledger() = default;
  // All batches or none, durable on return; the seq of the first event.
  virtual Result<std::int64_t> commit(const std::vector<store::Batch>& batches) = 0;
  virtual Result<std::vector<pipeline::Stack>> load() = 0;
  virtual std::int64_t last_seq() = 0;

  // Lookups in what has been committed (pipeline/commands.h says what precedents are).
  virtual std::optional<pipeline::ApprovalPrecedent> approval_precedent(const pipeline::Stack&,
                                                                        const std::string& stage,
                                                                        pipeline::ChangeNumber) = 0;
  virtual std::optional<pipeline::Precedent> retry_precedent(const pipeline::StageId&) = 0;
  // Of one that is named; nothing when it is not of this stage.
  virtual std::optional<pipeline::Precedent> deployment_precedent(const pipeline::StageId&,
                                                                  const pipeline::DeploymentId&) = 0;
  virtual std::optional<pipeline::Precedent> rollback_precedent(const pipeline::StageId&, const std::string& to,
                                                                pipeline::ChangeNumber serving) = 0;
  virtual void promote_precedent(const pipeline::Stack&, pipeline::Promote&) = 0;
  // The state of a deployment by its name, or empty when there is none of this id.
  virtual std::string deployment_state(const pipeline::DeploymentId&) = 0;
};

// `store` outlives it.
std::unique_ptr<Ledger> ledger_of(store::Store& store);

}  // namespace sluice::conductor
