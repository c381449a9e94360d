import { Kbd, Modal, Text, VisuallyHidden } from "@mantine/core";
import { Spotlight, createSpotlight } from "@mantine/spotlight";
import { IconBolt, IconChecklist, IconCornerDownRight, IconKeyboard, IconSearch, IconServer2, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useNavigate } from "react-router-dom";
import { me, stacks } from "@/api/queries";
import { type Entry, entries, found, indexed } from "@/lib/palette";

const [store, palette] = createSpotlight();
const scrolls = { viewportProps: { tabIndex: 0 } }; // what scrolls can be reached by keyboard
const icons = { Approvals: IconChecklist, Stacks: IconStack2, Stages: IconServer2, "Go to": IconCornerDownRight, Do: IconBolt };

/** Makes the first row the one that Enter takes. Mantine does so at the key, when the rows of before are still there. */
function takeFirst() {
  const rows = document.getElementById(store.getState().listId)?.querySelectorAll("[data-action]") ?? [];
  rows.forEach((row, at) => (at === 0 ? row.setAttribute("data-selected", "true") : row.removeAttribute("data-selected")));
  store.updateState((state) => ({ ...state, selected: 0 }));
}

/** Stacks, stages, pages and acts, a few typed letters away. `asked` grows each time it is asked for. */
export default function Palette({ asked, stack, showShortcuts }: { asked: number; stack?: string; showShortcuts: () => void }) {
  const navigate = useNavigate();
  const all = useQuery(stacks());
  const role = useQuery(me()).data?.role ?? "viewer";
  const [typed, setTyped] = useState("");
  const looked = useDeferredValue(typed);
  useEffect(() => palette.open(), [asked]);
  const known = useMemo(() => indexed(entries(all.data ?? [], role, stack)), [all.data, role, stack]);
  const hits = useMemo(() => found(known, looked), [known, looked]);
  useEffect(() => {
    if (looked) takeFirst();
  }, [hits, looked]);
  const groups = [...new Set(hits.map((one) => one.group))];
  const row = (one: Entry) => {
    const Icon = icons[one.group];
    return (
      <Spotlight.Action
        key={one.to + one.name}
        label={one.name}
        description={one.detail}
        leftSection={<Icon size={18} aria-hidden />}
        rightSection={one.keys?.split(" ").map((key) => (
          <Kbd key={key} size="xs" ml={4}>
            {key}
          </Kbd>
        ))}
        onClick={() => navigate(one.to)}
      />
    );
  };
  return (
    <Spotlight.Root store={store} query={typed} onQueryChange={setTyped} shortcut={null} scrollable maxHeight="60vh" clearQueryOnClose size="lg">
      <VisuallyHidden>
        <Modal.Title>Search and commands</Modal.Title>
      </VisuallyHidden>
      <Spotlight.Search placeholder="Stacks, stages, pages, acts" aria-label="Search and commands" leftSection={<IconSearch size={18} aria-hidden />} />
      <Spotlight.ActionsList {...scrolls}>
        {groups.map((group) => (
          <Spotlight.ActionsGroup key={group} label={group}>
            {hits.filter((one) => one.group === group).map(row)}
          </Spotlight.ActionsGroup>
        ))}
        {!typed && <Spotlight.Action label="Keyboard shortcuts" leftSection={<IconKeyboard size={18} aria-hidden />} rightSection={<Kbd size="xs">?</Kbd>} onClick={showShortcuts} />}
        {hits.length === 0 && (
          <Spotlight.Empty>
            {all.isPending ? "Looking…" : all.isError ? "The list of stacks could not be read." : <Text c="dimmed">Nothing has that name.</Text>}
          </Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
