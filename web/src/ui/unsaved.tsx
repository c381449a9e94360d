import { Button, Group, Modal, Text } from "@mantine/core";
import { useContext, useEffect, useRef, useState } from "react";
import { UNSAFE_NavigationContext as NavigationContext } from "react-router-dom";

/** The place of an entry in the browser's history, as the router notes it. */
const place = () => (window.history.state as { idx?: number } | null)?.idx ?? 0;

/**
 * Asks before a page with unsaved edits is left: by a link, a command, back and forward; a closed tab asks in the browser's
 * words. Put it on the page while there are such edits.
 */
export function Unsaved({ what = "Your edits are not saved." }: { what?: string }) {
  const { navigator } = useContext(NavigationContext);
  const [leave, setLeave] = useState<{ go: () => void }>();
  const open = useRef(false); // the way is free: the person has said so

  useEffect(() => {
    const here = place();
    const { push, replace } = navigator;
    const guarded =
      (go: typeof push): typeof push =>
      (...to) => {
        if (open.current) go.apply(navigator, to);
        else setLeave({ go: () => go.apply(navigator, to) });
      };
    navigator.push = guarded(push);
    navigator.replace = guarded(replace);

    let goingBack = false;
    const onPop = (event: PopStateEvent) => {
      if (open.current) return;
      const away = place() - here;
      event.stopImmediatePropagation();
      if (goingBack || away === 0) {
        goingBack = false;
        return;
      }
      goingBack = true;
      window.history.go(-away); // the browser has gone already: undo it, then ask
      setLeave({ go: () => window.history.go(away) });
    };
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("popstate", onPop, { capture: true });
    window.addEventListener("beforeunload", onUnload);
    return () => {
      navigator.push = push;
      navigator.replace = replace;
      window.removeEventListener("popstate", onPop, { capture: true });
      window.removeEventListener("beforeunload", onUnload);
    };
  }, [navigator]);

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
            open.current = true;
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
