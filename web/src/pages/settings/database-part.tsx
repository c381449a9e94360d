import { Radio, Stack as Column, Text } from "@mantine/core";
import type { Stage } from "@/api/client";
import { notYet } from "@/lib/consequences";
import { Section } from "./form";

/** The stage's database. */
export function DatabasePart({ stage }: { stage: Stage }) {
  return (
    <Section title="Database" alone about="A database of this stage alone; the app finds it by DATABASE_URL.">
      <Radio.Group label="Kind" value={stage.database.kind} readOnly>
        <Column gap="sm" mt="xs">
          <Radio value="none" label="None" description="The app needs none, or brings its own." readOnly />
          <Radio value="new" label="New" description="Sluice makes one, backs it up before it is removed, and keeps the backup." disabled />
          <Radio value="existing" label="Existing" description="One that runs elsewhere, named by its address. It is never touched." disabled />
        </Column>
      </Radio.Group>
      <Text size="sm" c="dimmed">
        {notYet.database}
      </Text>
    </Section>
  );
}
