import { Anchor, Button, Group, Paper, Text, Title, VisuallyHidden } from "@mantine/core";
import { IconAlertTriangle, IconArrowRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router-dom";
import type { ApprovalDetail, Schemas, Stage } from "@/api/client";
import { settingName, whereItGoes } from "@/lib/approval";
import { headline, plural } from "@/lib/words";
import { Age } from "@/ui/age";
import { Commit } from "@/ui/commit";
import { Notice } from "@/ui/notice";
import classes from "./approval.module.css";

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
      <ul className={classes.list}>{seen.map((item, index) => row(item, index))}</ul>
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
          <summary>{headline(commit.message)}</summary>
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
    <li className={classes.line}>
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
    <li className={classes.line}>
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

interface SideProps {
  title: string;
  stack: string;
  change?: number;
  message?: string;
  commit?: string;
  at?: string;
  verb: string;
}
function Side({ title, stack, change, message, commit, at, verb }: SideProps) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        {title}
        {at && (
          <>
            {" "}
            · {verb} <Age at={at} />
          </>
        )}
      </Text>
      {change === undefined ? (
        <Text>Nothing yet</Text>
      ) : (
        <>
          <Anchor component={Link} to={`/stacks/${stack}/changes/${change}`} fw={600} c="inherit">
            #{change} {headline(message)}
          </Anchor>
          {commit && (
            <div>
              <Commit hash={commit} />
            </div>
          )}
        </>
      )}
    </Paper>
  );
}

/** What runs and what would run, and where history goes between the two; `past`: it waits no longer. */
export function Summary({ detail, stage, past }: { detail: ApprovalDetail; stage?: Stage; past: boolean }) {
  const { stack, change, message, commit, since, from } = detail;
  const goes = whereItGoes(detail);
  const deployed = stage?.current && stage.current.change === from?.change ? stage.current.since : undefined;
  return (
    <div>
      <div className={classes.from}>
        <Side
          title={past ? "Ran when this was asked" : "Runs now"}
          verb="deployed"
          stack={stack}
          change={from?.change}
          message={from?.message}
          commit={from?.commit}
          at={deployed}
        />
        <IconArrowRight aria-hidden color="var(--mantine-color-dimmed)" />
        <Side title={past ? "Was to run" : "Would run"} verb="asked" stack={stack} change={change} message={message} commit={commit} at={since} />
      </div>
      {past ? null : goes.careful ? (
        <Notice color="yellow" icon={<IconAlertTriangle />} mt="md" title="Look twice">
          {goes.text}
        </Notice>
      ) : (
        <Text mt="md">{goes.text}</Text>
      )}
    </div>
  );
}

const commitRow = (commit: Schemas["Commit"]) => <CommitRow key={commit.commit} commit={commit} />;

/** All that differs between what runs and what would run (R4.3). */
export function Differences({ detail }: { detail: ApprovalDetail }) {
  const { commits, total, dropped = [], dropped_total: gone = 0, settings, files } = detail;
  const differing = settings.length === 1 ? "1 setting differs" : `${settings.length} settings differ`;
  return (
    <>
      {gone > 0 && (
        <Section id="dropped" title={`${plural(gone, "commit")} would go away`}>
          <List items={dropped} total={gone} noun="commit" row={commitRow} />
        </Section>
      )}
      {total > 0 && (
        <Section id="commits" title={`${plural(total, "commit")} would ship`}>
          <List items={commits} total={total} noun="commit" row={commitRow} />
        </Section>
      )}
      {files && files.total > 0 && (
        <Section id="files" title={`${plural(files.total, "file")} changed`} aside={<Lines added={files.added} removed={files.removed} />}>
          <List items={files.items} total={files.total} noun="file" row={(file) => <FileRow key={file.path} file={file} />} />
        </Section>
      )}
      <Section id="settings" title={settings.length === 0 ? "No setting differs" : differing}>
        {settings.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing was saved for {detail.stage} since what runs was deployed.
          </Text>
        ) : (
          <List items={settings} total={settings.length} noun="setting" row={(setting) => <SettingRow key={setting} setting={setting} />} />
        )}
      </Section>
    </>
  );
}
