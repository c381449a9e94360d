import { Kbd, Modal, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type ComponentProps, type ComponentType, useEffect, useRef, useState } from "react";
import { matchPath, useLocation, useNavigate } from "react-router-dom";
import { destinations, isTyping } from "@/lib/shortcuts";

type PaletteType = ComponentType<ComponentProps<typeof import("./palette").default>>;
const kPatience = 1200; // ms between the two keys of a pair

/** Listens for the keyboard's short ways, on every page; the palette is loaded when it is first asked for. */
export function Shortcuts() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const stack = matchPath("/stacks/:stack/*", pathname)?.params.stack;
  const [asked, setAsked] = useState(0); // how often the palette was asked for
  const [Palette, setPalette] = useState<PaletteType>();
  const [help, setHelp] = useState(false);
  const first = useRef(0); // when g was pressed

  useEffect(() => {
    const ask = () => {
      setAsked((times) => times + 1);
      import("./palette").then(
        (loaded) => setPalette(() => loaded.default),
        () => notifications.show({ color: "yellow", title: "The palette could not be loaded", message: "The server does not answer." }),
      );
    };
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        ask();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector('[role="dialog"]')) return;
      const paired = Date.now() - first.current < kPatience;
      first.current = 0;
      if (paired) {
        const to = destinations(stack).find((one) => one.keys === `g ${event.key}`)?.to;
        if (to) event.preventDefault();
        if (to) navigate(to);
      } else if (event.key === "g") first.current = Date.now();
      else if (event.key === "?") setHelp(true);
      else if (event.key === "/") {
        event.preventDefault();
        const field = document.querySelector<HTMLInputElement>("input[data-search]");
        if (field) field.focus();
        else ask();
      } else if (event.key === "n" && (pathname === "/" || pathname === `/stacks/${stack}`)) {
        event.preventDefault();
        navigate(pathname === "/" ? "/?new=1" : `${pathname}?add=end`);
      }
    };
    document.addEventListener("keydown", press);
    document.addEventListener("sluice:palette", ask);
    return () => {
      document.removeEventListener("keydown", press);
      document.removeEventListener("sluice:palette", ask);
    };
  }, [navigate, pathname, stack]);

  return (
    <>
      {Palette && <Palette asked={asked} stack={stack} showShortcuts={() => setHelp(true)} />}
      <Modal opened={help} onClose={() => setHelp(false)} title="Keyboard" closeButtonProps={{ "aria-label": "Close" }}>
        <Table withRowBorders={false} verticalSpacing={6}>
          <Table.Tbody>
            {[
              { keys: "⌘ K", name: "Search and commands; Ctrl K, too" },
              { keys: "/", name: "Search on this page, else everywhere" },
              { keys: "n", name: "New stack, or new stage in a pipeline" },
              ...destinations(stack),
              { keys: "?", name: "This list" },
            ].map(({ keys, name }) => (
              <Table.Tr key={keys}>
                <Table.Td w={90}>
                  {keys.split(" ").map((key) => (
                    <Kbd key={key} mr={4}>
                      {key}
                    </Kbd>
                  ))}
                </Table.Td>
                <Table.Td>{name}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {!stack && (
          <Text size="xs" c="dimmed" mt="sm">
            Within a stack there are more, for its parts.
          </Text>
        )}
      </Modal>
    </>
  );
}
