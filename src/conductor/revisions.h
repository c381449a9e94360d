#pragma once
#include <string>
#include <vector>

#include "conductor/conductor.h"

// Every settings revision that events make is one sealed row, written in the same transaction (R7.2, R7.3).
namespace sluice::conductor {

// The variables that differ, as "build/NAME" and "runtime/NAME": what SaveSettings and its event name.
std::vector<std::string> changed_names(const secrets::Settings& before, const secrets::Settings& after);

// The rows for the revisions that `events`, decided on `before`, made: of a new stage (R5.4: copied where it says so),
// of a changed configuration, of saved variables, of settings adopted by a rollback (R8.3). `saved` are the settings a
// SettingsSaved stands for; `edit` changes a new stage's first ones, and those that go with a changed configuration. An
// existing database has a URL, any other none (R5.4: it is never copied).
Result<std::vector<store::SettingsRow>> revision_rows(secrets::Secrets& secrets, const pipeline::Stack& before,
                                                      const std::vector<pipeline::Event>& events,
                                                      const std::optional<secrets::Settings>& saved,
                                                      const std::optional<SettingsEdit>& edit);

}  // namespace sluice::conductor
