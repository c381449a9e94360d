#include "conductor/ledger.h"

#include "base/codec.h"

namespace sluice::conductor {
namespace {

class StoreLedger final : public Ledger {
 public:
  explicit StoreLedger(store::Store& store) : store_(store) {}

  Result<std::int64_t> commit(const std::vector<store::Batch>& batches) override { return store_.commit(batches); }
  Result<std::vector<pipeline::Stack>> load() override { return store_.load_stacks(); }
  std::int64_t last_seq() override { return store_.last_seq(); }

  std::optional<pipeline::ApprovalPrecedent> approval_precedent(const pipeline::Stack& stack, const std::string& stage,
                                                                pipeline::ChangeNumber change) override {
    return store_.approval_precedent(stack, stage, change);
  }
  std::optional<pipeline::Precedent> retry_precedent(const pipeline::StageId& stage) override {
    return store_.retry_precedent(stage);
  }
  std::optional<pipeline::Precedent> deployment_precedent(const pipeline::StageId& stage,
                                                          const pipeline::DeploymentId& id) override {
    return store_.deployment_precedent(stage, id);
  }
  std::optional<pipeline::Precedent> rollback_precedent(const pipeline::StageId& stage, const std::string& to,
                                                        pipeline::ChangeNumber serving) override {
    return store_.rollback_precedent(stage, to, serving);
  }
  void promote_precedent(const pipeline::Stack& stack, pipeline::Promote& command) override {
    store_.promote_precedent(stack, command);
  }
  std::string deployment_state(const pipeline::DeploymentId& id) override {
    const auto row = store_.deployment(id);
    return row ? codec::enum_name(row->state) : "";
  }

 private:
  store::Store& store_;
};

}  // namespace

std::unique_ptr<Ledger> ledger_of(store::Store& store) { return std::make_unique<StoreLedger>(store); }

}  // namespace sluice::conductor
