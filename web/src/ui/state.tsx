import { Badge, Loader } from "@mantine/core";
import {
  IconCircle,
  IconCircleCheck,
  IconCircleMinus,
  IconClockHour4,
  IconMoon,
  IconProgress,
  IconAlertTriangle,
} from "@tabler/icons-react";
import type { Look } from "@/lib/states";

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
  return (
    <Badge
      color={look.color}
      variant="light"
      size={size}
      tt="none"
      style={{ flexShrink: 0 }}
      leftSection={
        look.moving && look.icon === "run" ? (
          <Loader size={10} color={look.color} type="oval" aria-hidden />
        ) : (
          <Icon size={13} aria-hidden />
        )
      }
    >
      {look.word}
    </Badge>
  );
}
