import { Stack as Column } from "@mantine/core";
import type { Me, Stack, Stage } from "@/api/client";
import { ApiError } from "@/api/client";
import { changesDatabase } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { Loading, Problem } from "@/ui/answers";
import { DatabaseFields, databaseProblem } from "@/ui/database-fields";
import { DatabaseBackups } from "./database-backups";
import { ReadOnly, SaveBar, Saved, Section } from "./form";
import { useStageEdit } from "./use-stage-edit";

/** Which database the stage has (R7.7). */
export function DatabasePart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  if (base.isPending) return <Loading rows={1} height={240} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "rerun", stage);
  const has = stage.database;
  const at = has.kind === "existing" ? (has.at ?? "an existing database") : undefined;
  const problem = databaseProblem(now.database, at);
  const refused = save.error instanceof ApiError ? save.error : undefined;
  return (
    <Column gap="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty && !problem) save.mutate();
        }}
      >
        <Section title="Database" alone about="The app finds it by DATABASE_URL, and by the variables of libpq (PGHOST …). A variable of yours with such a name wins.">
          <DatabaseFields
            value={now.database}
            at={at}
            // The kind it has, and nothing typed, is no edit.
            onChange={(next) => edit({ database: next.kind === has.kind && !next.url ? undefined : next })}
            disabled={why !== undefined}
            error={refused?.field("database.kind")}
            urlError={refused?.field("database.url")}
          />
          {why && <ReadOnly why={why} />}
          {note && <Saved note={note} />}
          <SaveBar
            dirty={dirty}
            what={`The settings of ${name}`}
            says={changesDatabase(stage, now.database.kind)}
            problem={problem}
            error={refused?.field("database.url") ? undefined : save.error}
            moved={moved}
            saving={save.isPending}
            onDiscard={discard}
          />
        </Section>
      </form>
      {has.kind === "new" && <DatabaseBackups stack={stack} stage={stage} role={me.role} />}
    </Column>
  );
}
