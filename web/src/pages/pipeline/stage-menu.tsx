import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowBarToRight,
  IconChartLine,
  IconDots,
  IconFileText,
  IconHistory,
  IconPlayerPause,
  IconPlayerPlay,
  IconReload,
  IconRotateClockwise,
  IconSettings,
  IconX,
} from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Role, Stage } from "@/api/client";
import { canRetry } from "@/lib/flow";
import { mayNot } from "@/lib/may";
import type { Act } from "./acts";

/** All that can be done with a stage. What cannot be done now says why. */
export function StageMenu({ stage, role, act }: { stage: Stage; role: Role; act: (what: Act) => void }) {
  const root = `/stacks/${stage.stack}`;
  const rerun = mayNot(role, "rerun", stage);
  const decide = mayNot(role, "decide");
  const busy = stage.active || stage.waiting ? "Busy; when it has ended." : undefined;
  const switching = stage.active?.state === "switching" ? "Traffic is moving already; roll back instead." : undefined;
  const acts: { act: Act; name: string; icon: typeof IconX; not?: string; shown?: boolean }[] = [
    { act: "retry", name: "Retry", icon: IconRotateClockwise, not: rerun, shown: canRetry(stage) },
    { act: "cancel", name: "Cancel what is going on", icon: IconX, not: rerun ?? switching, shown: !!stage.active && stage.active.state !== "cancelling" },
    { act: "cancel-waiting", name: "Cancel what comes next", icon: IconX, not: rerun, shown: !!stage.waiting },
    { act: "redeploy", name: "Redeploy", icon: IconReload, not: rerun ?? busy ?? (stage.current ? undefined : "Nothing runs here.") },
    { act: "rollback", name: "Roll back", icon: IconArrowBackUp, not: rerun ?? (stage.current ? undefined : "Nothing ran here.") },
    { act: "promote", name: "Promote a change", icon: IconArrowBarToRight, not: decide ?? (stage.paused ? "Paused." : stage.position === 1 ? "No stage before it." : undefined) },
    { act: "pause", name: "Pause", icon: IconPlayerPause, not: decide, shown: !stage.paused },
    { act: "resume", name: "Resume", icon: IconPlayerPlay, not: decide, shown: stage.paused },
  ];
  return (
    <Menu position="bottom-end" width={240} withInitialFocusPlaceholder={false} portalProps={{ target: "#content" }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What to do with ${stage.name}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {role !== "viewer" &&
          acts
            .filter((one) => one.shown !== false)
            .map(({ act: what, name, icon: Icon, not }) => (
              <Menu.Item key={what} leftSection={<Icon size={16} />} disabled={!!not} onClick={() => act(what)}>
                {name}
                {not && <span style={{ display: "block", fontSize: "var(--mantine-font-size-xs)" }}>{not}</span>}
              </Menu.Item>
            ))}
        {role !== "viewer" && <Menu.Divider />}
        <Menu.Item component={Link} to={`${root}/stages/${stage.name}/logs`} leftSection={<IconFileText size={16} />}>
          Logs
        </Menu.Item>
        <Menu.Item component={Link} to={`${root}/stages/${stage.name}/monitoring`} leftSection={<IconChartLine size={16} />}>
          Monitoring
        </Menu.Item>
        <Menu.Item component={Link} to={`${root}/history?stage=${stage.name}`} leftSection={<IconHistory size={16} />}>
          History
        </Menu.Item>
        <Menu.Item component={Link} to={`${root}/settings/${stage.name}/details`} leftSection={<IconSettings size={16} />}>
          Settings
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
