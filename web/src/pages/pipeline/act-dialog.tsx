import { Button, Group, Modal, Stack as Column } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Stage } from "@/api/client";
import { keys } from "@/api/queries";
import { Refused } from "@/ui/refused";

/** The frame of every act on a stage: what will happen, the button that does it, why it was refused. */
export function ActFrame({
  stage,
  title,
  label,
  done,
  send,
  close,
  color,
  disabled,
  children,
  refused,
}: {
  stage: Stage;
  title: string;
  label: string;
  /** What to say when it was taken. */
  done: string;
  send: () => Promise<unknown>;
  close: () => void;
  color?: string;
  disabled?: boolean;
  children: ReactNode;
  /** Called when the server refused. */
  refused?: () => void;
}) {
  const cache = useQueryClient();
  const act = useMutation({
    mutationFn: send,
    onSuccess: () => {
      notifications.show({ message: done });
      close();
    },
    onError: refused,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.stack(stage.stack) }),
  });
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!disabled) act.mutate();
        }}
      >
        <Column gap="md">
          {children}
          {act.isError && <Refused error={act.error} />}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <Button type="submit" color={color} loading={act.isPending} disabled={disabled} data-autofocus>
              {label}
            </Button>
          </Group>
        </Column>
      </form>
    </Modal>
  );
}
