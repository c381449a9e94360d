#pragma once
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "logs/logs.h"
#include "pipeline/pipeline.h"

// Where stages run. Every platform runs two full sets and switches between them in one act (R3.4); whatever it makes is
// named by the deployment's id; it starts, changes or routes nothing for an attempt below the highest it has seen of
// that stage (R9.3); removing what an ended attempt made is always allowed. A discard ends its attempt, and so nothing
// is started or routed for it any more, however late; where the discarded attempt has the route already, the route goes
// back to `current` first. After a remove nothing of the stage is started at all.
namespace sluice::platform {

struct Done {
  // Of a deployment's step: the last of the steps after it that are done with it, in the same commit, because there was
  // nothing to do in them that would take a moment (Platform::at_once).
  std::optional<pipeline::WorkKind> through;
  std::string artifact;        // of building; of back_up: the name of the backup
  bool built = false;          // of building
  std::int64_t instances = 0;  // of start, switch_over, scale
};
struct NotYet {
  std::optional<std::string> token;
  std::string note;
  Duration look_again_after{};
};
// An Error's message is one sentence for a person; where an app's output explains it, the last lines follow.
using Advance = std::variant<Done, Error, NotYet>;

// What a step may use. A local step may block until it is done: it looks at `stop` (cancel, shutdown) and the deadline.
struct Context {
  std::stop_token stop;
  Time deadline{};
  logs::Writer& log;
  // The whole environment of the app at this attempt's settings but what the platform adds (PORT, HOST, SLUICE_URL,
  // SLUICE_INSTANCE): SLUICE_STACK … and the runtime variables, which win (interface: what an app is given).
  std::map<std::string, std::string> environment;
  // At this attempt's settings, too: endpoint, limits, caching, access. How many instances is Work's to say.
  pipeline::StageConfig config = {};
  // Of a database that Sluice makes its password, of an existing one its URL; in no log and on no command line.
  std::string database_secret = {};
};

class Platform {
 public:
  virtual ~Platform() = default;
  // Every WorkKind but build. Safe to start twice, also after a crash in the middle of the first.
  virtual Advance advance(const pipeline::Work& work, Context& context) = 0;
  // Whether this step is done in the same turn as the one before it: it takes no time worth telling apart, and fails
  // only where that could have failed too. Asked for steps from publish on; `work` names the artifact.
  [[nodiscard]] virtual bool at_once(const pipeline::Work& work) const = 0;
};

}  // namespace sluice::platform
