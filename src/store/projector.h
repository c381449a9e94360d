#pragma once
#include <cstdint>

#include "pipeline/events.h"
#include "store/sqlite.h"

namespace sluice::store {

// Writes what an event means for the tables that history is read from, in the transaction that stores the event itself.
// `stack` is the row of the stack, `seq` the event's. May throw SQLite::Exception.
void project(Connection& db, std::int64_t stack, std::int64_t seq, const pipeline::Event& event);

// Rewrites which artifacts the stack holds in use, when one of the events can have changed that.
void project_artifacts(Connection& db, std::int64_t stack, const pipeline::Stack& after,
                       const std::vector<pipeline::Event>& events);

}  // namespace sluice::store
