#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <type_traits>
#include <unordered_map>

#include "store/sqlite.h"
#include "store/store.h"

namespace sluice::store {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::filesystem::path file, std::unique_ptr<Connection> writer, std::int64_t last_seq);

  Result<std::int64_t> commit(const std::vector<Batch>& batches) override;

  Result<std::vector<pipeline::Stack>> load_stacks() override;
  Result<std::vector<StoredEvent>> events_after(std::int64_t seq, std::size_t limit) override;
  std::int64_t last_seq() override { return last_seq_.load(); }
  Result<Page<StoredEvent>> audit(const std::string& stack_name, const std::string& after, std::size_t limit) override;
  Result<Page<StoredEvent>> settings_history(const pipeline::StackId& stack, const pipeline::StageId& stage,
                                             const std::string& after, std::size_t limit) override;
  Result<Page<ChangeRow>> changes(const pipeline::StackId& stack, const std::string& commit, const std::string& after,
                                  std::size_t limit) override;
  Result<ChangeRow> change(const pipeline::StackId& stack, pipeline::ChangeNumber number) override;
  Result<std::vector<std::optional<ChangeRow>>> changes_of(
      const std::vector<std::pair<pipeline::StackId, pipeline::ChangeNumber>>& asked) override;
  Result<std::vector<ChangeInStage>> where_is(const pipeline::Stack& stack, pipeline::ChangeNumber change) override;
  Result<Page<DeploymentRow>> deployments(const pipeline::StackId& stack, const std::optional<pipeline::StageId>& stage,
                                          pipeline::ChangeNumber change, const std::string& after,
                                          std::size_t limit) override;
  Result<DeploymentRow> deployment(const pipeline::DeploymentId& id) override;
  Result<pipeline::DeploymentId> ran_before(const pipeline::DeploymentId& id) override;
  Result<Page<ApprovalRow>> approvals(const ApprovalFilter& filter, const std::string& after,
                                      std::size_t limit) override;
  Result<ApprovalRow> approval(const pipeline::StageId& stage, pipeline::ChangeNumber change) override;
  Result<std::vector<StageRow>> stages(const pipeline::StackId& stack) override;
  Result<std::string> settings(const pipeline::StageId& stage, pipeline::Revision revision) override;
  std::optional<std::string> idempotent_answer(const std::string& key) override;
  Result<std::vector<std::string>> artifacts_in_use() override;

  std::optional<pipeline::ApprovalPrecedent> approval_precedent(const pipeline::Stack& stack, const std::string& stage,
                                                                pipeline::ChangeNumber change) override;
  std::optional<pipeline::Precedent> retry_precedent(const pipeline::StageId& stage) override;
  std::optional<pipeline::Precedent> deployment_precedent(const pipeline::StageId& stage,
                                                          const pipeline::DeploymentId& id) override;
  std::optional<pipeline::Precedent> rollback_precedent(const pipeline::StageId& stage, const std::string& to,
                                                        pipeline::ChangeNumber serving) override;
  void promote_precedent(const pipeline::Stack& stack, pipeline::Promote& command) override;

  Result<> put_answer(const IdempotencyRow& row) override;
  Result<> put(const std::string& kind, const std::string& id, const std::string& document) override;
  Result<> remove(const std::string& kind, const std::string& id) override;
  std::optional<std::string> get(const std::string& kind, const std::string& id) override;
  std::vector<std::pair<std::string, std::string>> list(const std::string& kind) override;

  Result<> backup(const std::filesystem::path& to) override;
  Result<> check() override;

 private:
  // Runs `body` (which gives a Result) and turns SQLite's exceptions into Errors.
  template <class F>
  auto guarded(F&& body) -> std::invoke_result_t<F&> {
    try {
      return body();
    } catch (const SQLite::Exception& exception) {
      return fail(describe(exception, file_));
    }
  }
  // For reads whose type has no room for an Error: a database that cannot be read ends the request.
  template <class F>
  auto or_throw(F&& body) -> std::invoke_result_t<F&> {
    try {
      return body();
    } catch (const SQLite::Exception& exception) {
      throw std::runtime_error(describe(exception, file_).message);
    }
  }
  using Reader = ReaderPool::Lease;

  std::filesystem::path file_;
  std::mutex writing_;
  std::unique_ptr<Connection> writer_;
  std::atomic<std::int64_t> last_seq_;
  ReaderPool readers_;
};

}  // namespace sluice::store
