import {
  IconCircle,
  IconCircleCheck,
  IconCircleMinus,
  IconClockHour4,
  IconMoon,
  IconProgress,
  IconAlertTriangle,
} from "@tabler/icons-react";
import type { CSSProperties } from "react";
import type { Look } from "@/lib/states";
import classes from "./state.module.css";

export const stateIcons = {
  ok: IconCircleCheck,
  run: IconProgress,
  fail: IconAlertTriangle,
  wait: IconClockHour4,
  idle: IconCircle,
  stop: IconCircleMinus,
  sleep: IconMoon,
};

/** A state as a badge: icon, word and colour, so that the colour never tells alone. */
export function State({ look, size = "md" }: { look: Look; size?: "sm" | "md" | "lg" }) {
  const Icon = stateIcons[look.icon];
  const color = `var(--mantine-color-${look.color}-light`;
  return (
    <span className={classes.state} data-size={size} style={{ "--state-back": `${color})`, "--state-text": `${color}-color)` } as CSSProperties}>
      {look.moving && look.icon === "run" ? <span className={classes.turning} aria-hidden /> : <Icon size={13} aria-hidden />}
      {look.word}
    </span>
  );
}
