import { ActionIcon, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { wholeLog } from "@/api/log";
import { visible } from "@/lib/ansi";
import type { Range } from "@/lib/log-range";
import type { LogStore } from "@/lib/log-store";

const kMostCopied = 20_000; // lines

/** Buttons to copy the selected lines (or the log, its end when it is long) and to download all of it. */
export function LogTake({ store, path, file, selected }: { store: LogStore; path: string; file: string; selected: Range | null }) {
  const [copied, setCopied] = useState(false);
  const [fetching, setFetching] = useState(false);
  const copyLabel = selected ? "Copy the selected lines" : store.size > kMostCopied ? `Copy the last ${kMostCopied.toLocaleString()} lines` : "Copy the log";
  const copy = async () => {
    const range = selected ?? { from: Math.max(store.first, store.end - kMostCopied), to: store.end - 1 };
    const text: string[] = [];
    for (let number = Math.max(range.from, store.first); number <= Math.min(range.to, store.end - 1); ++number)
      text.push(visible(store.line(number)?.text ?? ""));
    try {
      await navigator.clipboard.writeText(text.join("\n") + "\n");
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1500);
    } catch {
      notifications.show({ color: "yellow", title: "Not copied", message: "The browser allows no copying on this address; download the log instead." });
    }
  };
  const download = async () => {
    setFetching(true);
    try {
      const address = URL.createObjectURL(await wholeLog(path));
      const link = document.createElement("a");
      link.href = address;
      link.download = file;
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      notifications.show({ color: "red", title: "Not downloaded", message: error instanceof Error ? error.message : String(error) });
    } finally {
      setFetching(false);
    }
  };
  return (
    <>
      <Tooltip label={copied ? "Copied" : copyLabel}>
        <ActionIcon variant="default" size={30} aria-label={copied ? "Copied" : copyLabel} disabled={store.size === 0} onClick={() => void copy()}>
          {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Download">
        <ActionIcon variant="default" size={30} aria-label="Download the log" loading={fetching} onClick={() => void download()}>
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}
