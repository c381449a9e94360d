#pragma once
#include "platform/local/site.h"

// One function a kind of work; each is safe to start twice, also after a crash in the middle of the first.
namespace sluice::platform::local {

Advance publish(Site& site, const pipeline::Work& work, Context& context);
Advance provision(Site& site, const pipeline::Work& work, Context& context);
Advance release(Site& site, const pipeline::Work& work, Context& context);
Advance start(Site& site, const pipeline::Work& work, Context& context);
Advance verify(Site& site, const pipeline::Work& work, Context& context);
Advance switch_over(Site& site, const pipeline::Work& work, Context& context);

Advance scale(Site& site, const pipeline::Work& work, Context& context);
Advance retire(Site& site, const pipeline::Work& work, Context& context);
Advance discard(Site& site, const pipeline::Work& work, Context& context);
Advance remove(Site& site, const pipeline::Work& work, Context& context);

Advance back_up(Site& site, const pipeline::Work& work, Context& context);  // tasks.cc
Advance restore(Site& site, const pipeline::Work& work, Context& context);
Advance copy_database(Site& site, const pipeline::Work& work, Context& context);
Result<std::string> dump(Site& site, const pipeline::StageId& stage, const std::filesystem::path& file,
                         std::stop_token stop);  // LocalPlatform::dump

Result<> reconcile(Site& site, const std::vector<std::shared_ptr<const pipeline::Stack>>& stacks);

}  // namespace sluice::platform::local
