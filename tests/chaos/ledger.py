"""What people were told is done, and the proof at the end that it is there: each of it, once (R9.1)."""
import collections
import threading

ENDS = {"succeeded", "failed", "cancelled", "superseded"}


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.pushed = []  # (stack, commit)
        self.decided = []  # (stack, stage, change, state, comment)
        self.queued = []  # (who, deployment)
        self.unseen = collections.Counter()  # deployments that were made, as somebody heard, by a server that died before it named them
        self.cancelled = []
        self.variables = {}  # (stack, stage, kind, name): value
        self.settings = {}  # (stack, stage, member): value
        self.saved = []  # (who, stack, stage, type of the event)
        self.stages = collections.defaultdict(set)  # of each stack there is
        self.refused = collections.Counter()

    def note(self, name, *entry):
        with self.lock:
            getattr(self, name).append(entry if len(entry) > 1 else entry[0])

    def __len__(self):
        return sum(len(part) for part in (self.pushed, self.decided, self.queued, self.cancelled, self.saved))


def few(problems):
    return "; ".join(str(one) for one in problems[:5]) + (f" … {len(problems)} in all" if len(problems) > 5 else "")


def prove(check, ledger, town):
    """Through the API, by somebody who acts no more."""
    audit = town.all_of("/audit")
    seen = [event["seq"] for event in audit]
    check(f"{len(audit):,} events in the audit trail, each once", len(set(seen)) == len(seen))
    by_type = collections.defaultdict(list)
    for event in audit:
        by_type[event["type"]].append(event)

    commits = collections.Counter((event["stack"], event["commit"]) for event in by_type["CheckedIn"])
    wrong = [f"{stack} {commit}" for stack, commit in ledger.pushed if not commits[stack, commit]]
    lists = {stack: {change["commit"] for change in town.all_of(f"/stacks/{stack}/changes")} for stack in ledger.stages}
    wrong += [f"{stack} {commit}, not in its changes" for stack, commit in ledger.pushed if stack in lists and commit not in lists[stack]]
    wrong += [f"{stack} {commit}, {count} times" for (stack, commit), count in commits.items() if count > 1]
    check(f"{len(ledger.pushed)} acknowledged pushes: each is a change", not wrong, few(wrong))

    decisions = collections.Counter((event["stack"], event["stage"], event["change"], event["state"], event["comment"])
                                    for event in by_type["ApprovalDecided"])
    wrong = [f"{one}: {decisions[one]} times" for one in ledger.decided if decisions[one] != 1]
    check(f"{len(ledger.decided)} acknowledged decisions: each is in the audit trail, once", not wrong, few(wrong))

    ids = collections.Counter((event["by"], event["deployment"]) for event in by_type["DeploymentQueued"])
    wrong = [f"{who} {deployment}" for who, deployment in ledger.queued if ids[who, deployment] != 1]
    asked = collections.Counter(who for who, _ in ledger.queued)
    acts = [event for event in by_type["DeploymentQueued"] if not (event["by"].startswith("pusher") and event["kind"] in ("flow", "initial"))]
    made = collections.Counter(event["by"] for event in acts)  # but for what a push sets going
    wrong += [f"{who} was told of {asked[who]} and {ledger.unseen[who]} unnamed and made {made[who]}" for who in asked if made[who] != asked[who] + ledger.unseen[who]]
    check(f"{len(ledger.queued)} acknowledged approvals, retries, rollbacks, redeployments and promotions: each made one deployment", not wrong, few(wrong))

    ended = {event["deployment"]: event["state"] for event in by_type["DeploymentEnded"]}
    open_ones = [f"{event['stack']} {event['stage']} {event['deployment']}" for event in by_type["DeploymentQueued"] if ended.get(event["deployment"]) not in ENDS]
    check(f"{len(ended):,} deployments: each came to one of the four ends", not open_ones, few(open_ones))
    wrong = [f"{deployment}: {ended.get(deployment)}" for deployment in ledger.cancelled if ended.get(deployment) != "cancelled"]
    check(f"{len(ledger.cancelled)} acknowledged cancels: each deployment ended so", not wrong, few(wrong))

    prove_settings(check, ledger, town, by_type)


def prove_settings(check, ledger, town, by_type):
    made = collections.Counter((event["by"], event["stack"], event.get("stage", ""), kind) for kind, events in by_type.items() for event in events)
    asked = collections.Counter(ledger.saved)
    wrong = [f"{one}: told {count} times, {made[one]} events" for one, count in asked.items() if made[one] < count]
    check(f"{len(ledger.saved)} acknowledged changes of settings, stages and stacks: each has its event", not wrong, few(wrong))

    stacks = {stack["name"]: {stage["name"]: stage for stage in stack["stages"]} for stack in town.all_of("/stacks")}
    wrong = [f"{stack}: {sorted(stacks.get(stack, []))} where {sorted(names)} were acknowledged" for stack, names in ledger.stages.items()
             if set(stacks.get(stack, [])) != names]
    wrong += [f"{stack} is there" for stack in stacks if stack not in ledger.stages]
    check("the stacks and stages are those that were acknowledged", not wrong, few(wrong))

    wrong = []
    for (stack, stage, member), value in ledger.settings.items():
        if (is_so := stacks.get(stack, {}).get(stage, {}).get(member)) != value:
            wrong.append(f"{stack} {stage} {member}: {is_so} where {value} was acknowledged")
    for stack, stage, kind in {key[:3] for key in ledger.variables}:
        _, found = town.request("GET", f"/stacks/{stack}/stages/{stage}/variables/{kind}")
        for key, value in ledger.variables.items():
            if key[:3] == (stack, stage, kind) and (is_so := found.get(key[3], {}).get("value")) != value:
                wrong.append(f"{stack} {stage} {kind} {key[3]}: {is_so} where {value} was acknowledged")
    check(f"{len(ledger.settings) + len(ledger.variables)} settings and variables are as they were acknowledged last", not wrong, few(wrong))
