import { Anchor, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconInfoCircle, IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";
import { ApiError } from "@/api/client";
import { Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { Unsaved } from "@/ui/unsaved";
import classes from "./settings.module.css";

// What every part of the settings is made of.

/** A part of a page of settings, under a heading; `alone`: the page's heading is its own. */
export function Section({
  title,
  about,
  children,
  danger = false,
  alone = false,
}: {
  title: string;
  about?: ReactNode;
  children: ReactNode;
  danger?: boolean;
  alone?: boolean;
}) {
  return (
    <Card withBorder radius="md" p="lg" component="section" aria-label={title} className={danger ? classes.danger : undefined}>
      {!alone && (
        <Title order={3} size="h5">
          {title}
        </Title>
      )}
      {about && (
        <Text size="sm" c="dimmed" mt={2}>
          {about}
        </Text>
      )}
      <Stack gap="md" mt="md">
        {children}
      </Stack>
    </Card>
  );
}

/** A fact that cannot be changed here. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} className={classes.value}>
        {children}
      </Text>
    </div>
  );
}

/** Why nothing can be changed here, before somebody tries. */
export function ReadOnly({ why }: { why: string }) {
  return (
    <Notice color="gray" icon={<IconLock size={18} />}>
      {why}
    </Notice>
  );
}

/** What a save came to. */
export interface SavedNote {
  text: string;
  deployment?: { stack: string; id: string; change: number };
}

export function Saved({ note, children }: { note: SavedNote; children?: ReactNode }) {
  return (
    <Notice color="green" icon={<IconCheck size={18} />} role="status">
      <Group gap="sm">
        <Text size="sm">
          {note.text}
          {note.deployment && (
            <>
              {" "}
              <Anchor component={Link} size="sm" c="inherit" underline="always" to={`/stacks/${note.deployment.stack}/deployments/${note.deployment.id}`}>
                The deployment of #{note.deployment.change} began.
              </Anchor>
            </>
          )}
        </Text>
        {children}
      </Group>
    </Notice>
  );
}

/** Somebody else saved meanwhile: news, not a failure. */
export function Moved({ what }: { what: string }) {
  return (
    <Notice color="blue" icon={<IconInfoCircle size={18} />} title={`${what} changed meanwhile`} role="status">
      <Text size="sm">Somebody else saved while you edited. You see what is there now, with your edits on top: look at it again, then save.</Text>
    </Notice>
  );
}

const isMoved = (error: unknown) => error instanceof ApiError && error.status === 412;

/** The foot of a form: what saving will do, and the two ways on. Stays in sight while there are edits. */
export function SaveBar({
  dirty,
  says,
  problem,
  error,
  moved,
  what,
  saving,
  onDiscard,
  label = "Save",
}: {
  dirty: boolean;
  says?: ReactNode;
  problem?: string;
  error: unknown;
  moved: boolean;
  what: string;
  saving: boolean;
  onDiscard: () => void;
  label?: string;
}) {
  return (
    <>
      {dirty && !saving && <Unsaved />}
      {(moved || isMoved(error)) && dirty && <Moved what={what} />}
      {error !== null && error !== undefined && !isMoved(error) && <Problem error={error} title="Not saved" />}
      {dirty && (
        <Group className={classes.bar} justify="space-between" gap="sm">
          <Text size="sm" className={classes.says} c={problem ? "red" : undefined} role="status">
            {problem ?? says}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <Button variant="default" onClick={onDiscard} disabled={saving}>
              Discard
            </Button>
            <Button type="submit" loading={saving} disabled={problem !== undefined}>
              {label}
            </Button>
          </Group>
        </Group>
      )}
    </>
  );
}
