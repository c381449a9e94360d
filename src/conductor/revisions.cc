#include "conductor/revisions.h"

#include <map>
#include <set>

namespace sluice::conductor {
namespace {

using namespace pipeline;
using secrets::Settings;

void add_changed(const std::string& kind, const secrets::Variables& before, const secrets::Variables& after,
                 std::vector<std::string>& names) {
  std::set<std::string> changed;
  for (const auto& [name, variable] : before) {
    const auto now = after.find(name);
    if (now == after.end() || !(now->second == variable)) changed.insert(name);
  }
  for (const auto& [name, variable] : after)
    if (!before.contains(name)) changed.insert(name);
  for (const std::string& name : changed) names.push_back(kind + "/" + name);
}

class Rows {
 public:
  Rows(secrets::Secrets& secrets, const Stack& before, const std::optional<Settings>& saved,
       const std::optional<SettingsEdit>& edit)
      : secrets_(secrets), before_(before), saved_(saved), edit_(edit) {}

  Result<> operator()(const StageAdded& event) {
    Settings settings;
    if (!event.copied_from.empty()) {
      const Stage* from = find_stage(before_, event.copied_from);
      if (!from) return fail(ErrorKind::internal, "the stage " + event.copied_from + " to copy from is not there");
      auto copied = read(from->id, from->settings_revision);
      if (!copied) return fail(copied.error().while_("copying the variables of " + event.copied_from));
      settings.build = copied->build;
      settings.runtime = copied->runtime;
    }
    settings.config = event.config;
    if (edit_) {
      auto edited = edit_->edit(settings);
      if (!edited) return fail(edited.error());
      settings = std::move(*edited);
      settings.config = event.config;
    }
    configs_[event.stage] = event.config;
    if (auto fits = fit_database(settings); !fits) return fits;
    return write(event.stage, 1, std::move(settings));
  }
  Result<> operator()(const StageChanged& event) {
    configs_[event.stage] = event.config;
    if (!event.revision) return {};
    auto settings = newest(event.stage);
    if (!settings) return fail(settings.error());
    if (edit_) {
      settings = edit_->edit(*settings);
      if (!settings) return fail(settings.error());
    }
    settings->config = event.config;
    if (auto fits = fit_database(*settings); !fits) return fits;
    return write(event.stage, *event.revision, std::move(*settings));
  }
  Result<> operator()(const SettingsSaved& event) {
    if (!saved_) return fail(ErrorKind::internal, "settings were saved without their values");
    Settings settings = *saved_;
    if (const StageConfig* config = config_of(event.stage)) settings.config = *config;
    return write(event.stage, event.revision, std::move(settings));
  }
  Result<> operator()(const SettingsAdopted& event) {
    auto settings = read(event.stage, event.from);
    if (!settings) return fail(settings.error());
    if (event.config) settings->config = configs_[event.stage] = *event.config;
    return write(event.stage, event.revision, std::move(*settings));
  }
  template <class Other>
  Result<> operator()(const Other&) {
    return {};
  }

  std::vector<store::SettingsRow> take() { return std::move(rows_); }

 private:
  using Key = std::pair<StageId, Revision>;

  Result<Settings> read(const StageId& stage, Revision revision) {
    const auto made = made_.find(Key{stage, revision});
    if (made != made_.end()) return made->second;
    return secrets_.read(stage, revision);
  }
  Result<Settings> newest(const StageId& stage) {
    const auto after = made_.upper_bound(Key{stage, std::numeric_limits<Revision>::max()});
    if (after != made_.begin() && std::prev(after)->first.first == stage) return std::prev(after)->second;
    const Stage* found = find_stage(before_, stage);
    if (!found) return fail(ErrorKind::internal, "the stage " + stage.value + " is not there");
    return secrets_.read(stage, found->settings_revision);
  }
  const StageConfig* config_of(const StageId& stage) const {
    const auto made = configs_.find(stage);
    if (made != configs_.end()) return &made->second;
    const Stage* found = find_stage(before_, stage);
    return found ? &found->config : nullptr;
  }
  static Result<> fit_database(Settings& settings) {
    if (settings.config.database != DatabaseKind::existing) settings.database_url.reset();
    if (settings.config.database != DatabaseKind::existing || settings.database_url) return {};
    return fail_field("database.url", "is missing: an existing database is named by its URL");
  }
  Result<> write(const StageId& stage, Revision revision, Settings settings) {
    auto row = secrets_.seal(stage, revision, settings);
    if (!row) return fail(row.error());
    rows_.push_back(std::move(*row));
    made_[Key{stage, revision}] = std::move(settings);
    return {};
  }

  secrets::Secrets& secrets_;
  const Stack& before_;
  const std::optional<Settings>& saved_;
  const std::optional<SettingsEdit>& edit_;
  std::map<Key, Settings> made_;
  std::map<StageId, StageConfig> configs_;
  std::vector<store::SettingsRow> rows_;
};

}  // namespace

std::vector<std::string> changed_names(const Settings& before, const Settings& after) {
  std::vector<std::string> names;
  add_changed("build", before.build, after.build, names);
  add_changed("runtime", before.runtime, after.runtime, names);
  return names;
}

Result<std::vector<store::SettingsRow>> revision_rows(secrets::Secrets& secrets, const Stack& before,
                                                      const std::vector<Event>& events,
                                                      const std::optional<Settings>& saved,
                                                      const std::optional<SettingsEdit>& edit) {
  Rows rows(secrets, before, saved, edit);
  for (const Event& event : events)
    if (auto written = std::visit(rows, event.body); !written) return fail(written.error());
  return rows.take();
}

}  // namespace sluice::conductor
