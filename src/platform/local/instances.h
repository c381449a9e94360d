#pragma once
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "build/builder.h"
#include "platform/local/site.h"

// Instances of a deployment, from their first process to the last trace of it.
namespace sluice::platform::local {

// Writes an environment directory: the plan's variables, then ours and the database's, then the stage's own.
Result<> write_environment(Site& site, const pipeline::Work& work, const build::Plan& plan, const Context& context,
                           const std::filesystem::path& dir);
// What one instance may use: what the stage says, else the app's own sluice.toml.
pipeline::Resources resources_of(const pipeline::StageConfig& config, const build::Plan& plan);
// What runs in the sandbox, at this artifact, with this environment directory, in a cgroup of this name.
sandbox::Spec spec_for(const std::filesystem::path& artifact, const std::filesystem::path& env_dir,
                       const std::string& group, const pipeline::Resources& resources);

cgroup::Limits limits_of(const Record& record);

// With the stage held: `count` instances are services afterwards, those that were there untouched. Does not wait for
// them, and takes none away.
Result<> bring_up(Site& site, Record& record, const build::Plan& plan, std::int64_t count);
// When all of these services have ended, and all they started.
void remove_groups(const Site& site, const std::vector<std::string>& services);
// Makes services of a record's instances again, as they were (after a restart of the machine).
Result<> bring_back(Site& site, const Record& record);
// With the stage not held: until every instance answers its health check. The Error says what was seen, with the app's
// last lines. An instance whose port somebody else took before it is started again on another.
Result<> await_well(Site& site, const pipeline::Work& work, bool step, Record& record, const build::Plan& plan,
                    Context& context);

// How often each service of a record has died by now.
using Deaths = std::map<std::string, int>;
Deaths deaths_of(const Site& site, const Record& record);
// The sentence about one that has ended since then, with its last lines; nothing when all live.
std::optional<std::string> ended_since(const Site& site, const Record& record, const Deaths& before);

// With the stage held: if the address leads to one of these, it leads to `work.current` again, else to nothing.
Result<> lead_away(Site& site, const pipeline::Work& work, const std::vector<Record>& victims);
// Takes deployments out of the gateway, waits for requests under way, ends their instances and forgets them. Gives way
// (NotYet) instead of blocking for long: it goes on where it was.
Advance take_down(Site& site, std::vector<Record> victims, Context& context);
// The same for some instances of a deployment that stays; blocks until they are gone.
Result<> take_some_down(Site& site, Record& record, const std::vector<Instance>& some, Context& context);

// The newest lines of an instance's runtime log.
std::vector<std::string> last_lines(const Site& site, const Record& record, const Instance& instance,
                                    std::size_t count);
// By the stated policy (logs::Keeping).
void clean_runtime_logs(const Site& site, const pipeline::StackId& stack, const pipeline::StageId& stage);

}  // namespace sluice::platform::local
