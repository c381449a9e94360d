import { Button, Group, Text, Title, VisuallyHidden } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Schemas } from "@/api/client";
import { settingName } from "@/lib/approval";
import { headline, plural } from "@/lib/words";
import { Age } from "./age";
import { Commit } from "./commit";
import classes from "./differences.module.css";
import list from "./list.module.css";

const kFirst = 10; // what is shown of a long list before somebody asks for all

function Section({ id, title, aside, children }: { id: string; title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-labelledby={id}>
      <Group justify="space-between" align="baseline" mb="sm">
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

function List<Item>({ items, total, noun, row }: { items: Item[]; total: number; noun: string; row: (item: Item, index: number) => ReactNode }) {
  const [all, setAll] = useState(false);
  const seen = all ? items : items.slice(0, kFirst);
  return (
    <>
      <ul className={list.list}>{seen.map((item, index) => row(item, index))}</ul>
      {seen.length < items.length && (
        <Button variant="subtle" size="compact-sm" mt="xs" onClick={() => setAll(true)}>
          Show {items.length < total ? `the first ${items.length}` : `all ${items.length}`}
        </Button>
      )}
      {seen.length === items.length && items.length < total && (
        <Text size="sm" c="dimmed" mt="xs">
          And {plural(total - items.length, `more ${noun}`)}.
        </Text>
      )}
    </>
  );
}

function CommitRow({ commit }: { commit: Schemas["Commit"] }) {
  const rest = commit.message.split("\n").slice(1).join("\n").trim();
  return (
    <li>
      {rest ? (
        <details>
          <summary className={classes.summary}>{headline(commit.message)}</summary>
          <div className={classes.message}>{rest}</div>
        </details>
      ) : (
        headline(commit.message)
      )}
      <Group gap={6} c="dimmed" fz="sm">
        {commit.author.name} <span aria-hidden>·</span> <Age at={commit.at} /> <span aria-hidden>·</span> <Commit hash={commit.commit} />
      </Group>
    </li>
  );
}

function FileRow({ file }: { file: Schemas["ChangedFile"] }) {
  return (
    <li className={list.line}>
      <span className={classes.path}>
        {file.was && <span style={{ color: "var(--mantine-color-dimmed)" }}>{file.was} → </span>}
        {file.path}
      </span>
      <Lines added={file.added} removed={file.removed} />
    </li>
  );
}

function SettingRow({ setting }: { setting: string }) {
  const { name, kind } = settingName(setting);
  return (
    <li className={list.line}>
      <span className={classes.path}>{name}</span>
      <Text size="sm" c="dimmed">
        {kind}
      </Text>
    </li>
  );
}

function Lines({ added, removed }: { added?: number; removed?: number }) {
  if (added === undefined || removed === undefined) return <span className={classes.count}>binary</span>;
  return (
    <span className={classes.count}>
      <span className={classes.added}>+{added}</span> <span className={classes.removed}>−{removed}</span>
      <VisuallyHidden> lines</VisuallyHidden>
    </span>
  );
}

const commitRow = (commit: Schemas["Commit"]) => <CommitRow key={commit.commit} commit={commit} />;

export interface What {
  total?: number;
  commits?: Schemas["Commit"][];
  dropped_total?: number;
  dropped?: Schemas["Commit"][];
  files?: Schemas["ChangedFiles"];
  settings?: string[];
}

/** What differs between two states of a stage: commits, files, settings. `would`: it has not happened yet. */
export function Differences({ what, would = false, alike }: { what: What; would?: boolean; alike: string }) {
  const { commits = [], total = 0, dropped = [], dropped_total: gone = 0, settings, files } = what;
  return (
    <>
      {gone > 0 && (
        <Section id="dropped" title={`${plural(gone, "commit")} ${would ? "would go" : "went"} away`}>
          <List items={dropped} total={gone} noun="commit" row={commitRow} />
        </Section>
      )}
      {total > 0 && (
        <Section id="commits" title={`${plural(total, "commit")} ${would ? "would ship" : "came"}`}>
          <List items={commits} total={total} noun="commit" row={commitRow} />
        </Section>
      )}
      {files && files.total > 0 && (
        <Section id="files" title={`${plural(files.total, "file")} changed`} aside={<Lines added={files.added} removed={files.removed} />}>
          <List items={files.items} total={files.total} noun="file" row={(file) => <FileRow key={file.path} file={file} />} />
        </Section>
      )}
      {settings && (
        <Section id="settings" title={settings.length === 0 ? "No setting differs" : `${plural(settings.length, "setting")} ${settings.length === 1 ? "differs" : "differ"}`}>
          {settings.length === 0 ? (
            <Text size="sm" c="dimmed">
              {alike}
            </Text>
          ) : (
            <List items={settings} total={settings.length} noun="setting" row={(setting) => <SettingRow key={setting} setting={setting} />} />
          )}
        </Section>
      )}
    </>
  );
}
