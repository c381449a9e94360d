#pragma once
#include "conductor/ledger.h"
#include "pipeline/pipeline.h"
#include "secrets/secrets.h"

// What a command needs to know of the past before it can be decided.
namespace sluice::conductor {

// True when deciding the command reads what was committed (history, or a settings revision). History lags behind a
// tentative state, so such a command waits until everything before it in its stack is committed.
bool needs_history(const pipeline::Stack& stack, const pipeline::Command& command);
// Looks up and attaches. The stack is as committed when needs_history() said so.
void attach_precedents(Ledger& ledger, secrets::Secrets& secrets, const pipeline::Stack& stack,
                       pipeline::Command& command);

}  // namespace sluice::conductor
