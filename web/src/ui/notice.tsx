import { Box, type MantineSize, Text } from "@mantine/core";
import { forwardRef, type ReactNode, useId } from "react";
import type { Look } from "@/lib/states";
import classes from "./notice.module.css";

/**
 * A coloured box with something to know. `role`: `status` is read out when it appears, `alert` interrupts what is being read;
 * without one it is read where it stands. (Mantine's Alert interrupts always.)
 */
export const Notice = forwardRef<
  HTMLDivElement,
  {
    color?: Look["color"];
    icon?: ReactNode;
    title?: ReactNode;
    role?: "status" | "alert" | "note";
    tabIndex?: number;
    children?: ReactNode;
    mt?: MantineSize | number;
    mb?: MantineSize | number;
  }
>(function Notice({ color = "gray", icon, title, role = "note", tabIndex, children, mt, mb }, ref) {
  const id = useId();
  return (
    <Box
      ref={ref}
      tabIndex={tabIndex}
      className={classes.notice}
      role={role}
      aria-labelledby={title ? id : undefined}
      mt={mt}
      mb={mb}
      style={{ "--notice-back": `var(--mantine-color-${color}-light)`, "--notice-text": `var(--mantine-color-${color}-light-color)` }}
    >
      {icon && (
        <span className={classes.icon} aria-hidden>
          {icon}
        </span>
      )}
      <div className={classes.body}>
        {title && (
          <Text id={id} size="sm" fw={700} className={classes.title}>
            {title}
          </Text>
        )}
        <Text size="sm" component="div">
          {children}
        </Text>
      </div>
    </Box>
  );
});
