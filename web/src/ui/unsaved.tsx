import { Button, Group, Modal, Text } from "@mantine/core";
import { useContext, useLayoutEffect, useState } from "react";
import { UNSAFE_NavigationContext as NavigationContext } from "react-router-dom";
import { beforeLeaving } from "./leaving";

/**
 * Asks before a page with unsaved edits is left: by a link, a command, back and forward; a closed tab asks in the browser's
 * words. Put it on the page while there are such edits.
 */
export function Unsaved({ what = "Your edits are not saved." }: { what?: string }) {
  const { navigator } = useContext(NavigationContext);
  const [leave, setLeave] = useState<{ go: () => void }>();

  // Before the edit is painted: whoever sees it cannot leave without being asked.
  useLayoutEffect(() => beforeLeaving(navigator, (go) => setLeave({ go })), [navigator]);

  return (
    <Modal opened={leave !== undefined} onClose={() => setLeave(undefined)} title="Leave without saving?" centered>
      <Text size="sm">{what} They are lost when you leave.</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => setLeave(undefined)} data-autofocus>
          Stay
        </Button>
        <Button
          color="red"
          onClick={() => {
            setLeave(undefined);
            leave?.go();
          }}
        >
          Leave
        </Button>
      </Group>
    </Modal>
  );
}
