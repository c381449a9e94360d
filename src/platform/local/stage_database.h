#pragma once
#include <map>
#include <optional>
#include <string>

#include "platform/local/site.h"

// A stage's database at the steps and chores of its deployments.
namespace sluice::platform::local {

// With the stage not held: the database that the attempt's settings ask for can be used, or why not (yet). One of
// Sluice's own is made where it is missing; an existing one is tried.
std::optional<Advance> provide_database(Site& site, const pipeline::Work& work, Context& context);
// What the environment says of it: nothing where the settings ask for none.
Result<std::map<std::string, std::string>> database_variables(Site& site, const pipeline::StageId& stage,
                                                              const Context& context);
// With the stage not held, when no deployment uses its database any more: backed up, and only then dropped (R6.2,
// R7.7). Nothing happens where one still does, or where there is none.
Result<> see_off_database(Site& site, const pipeline::Work& work, Context& context);

}  // namespace sluice::platform::local
