import { Card, Group, SimpleGrid, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { bins, ceiling, durationCeiling, type Insights, median, perTime, type Window } from "@/lib/insights";
import { duration } from "@/lib/time";
import { plural } from "@/lib/words";
import { Age } from "@/ui/age";
import { type Bar, Chart } from "./chart";
import classes from "./insights.module.css";

const one = (value: number, kind: "main" | "bad" = "main") => [{ value, kind }];
export const percent = (share: number) => `${Math.round(share * 100)} %`;

function Figure({ title, value, under, definition, children }: { title: string; value: string; under: ReactNode; definition: string; children: ReactNode }) {
  return (
    <Card withBorder radius="md" p="lg" component="section" aria-label={title}>
      <Title order={2} size="h6" c="dimmed">
        {title}
      </Title>
      <Group gap="sm" align="baseline">
        <Text fz={30} fw={650} lh={1.3}>
          {value}
        </Text>
        <Text size="sm" c="dimmed" component="span">
          {under}
        </Text>
      </Group>
      <Text size="xs" c="dimmed" mih={36}>
        {definition}
      </Text>
      {children}
    </Card>
  );
}

function Durations({ label, points, window }: { label: string; points: { at: number; took: number }[]; window: Window }) {
  const all = bins(points, window);
  const middles = all.map((bin) => median(bin.items.map((item) => item.took)) ?? 0);
  const bars = all.map((bin, i): Bar => ({
    parts: one(middles[i] ?? 0),
    says: bin.items.length === 0 ? "none" : `${duration(middles[i] ?? 0)}, of ${bin.items.length}`,
  }));
  const top = durationCeiling(Math.max(...middles, 1000));
  return <Chart label={label} bins={all} bars={bars} top={top} unit={(value) => (value === 0 ? "0" : duration(value).replace(/\.0 s/, " s"))} />;
}

function leadUnder({ lead, leadUnknown }: Insights): string {
  const left = leadUnknown > 0 ? `; ${plural(leadUnknown, "older change")} left out` : "";
  return (lead.length > 0 ? `median of ${plural(lead.length, "change")}` : "no change became live here") + left;
}

/** The four figures of one stage, each with its definition. */
export function Figures({ of, window }: { of: Insights; window: Window }) {
  const delivered = bins(of.deliveries, window);
  const most = Math.max(...delivered.map((bin) => bin.items.length), 1);
  const tried = bins(of.tried, window);
  const failed = of.tried.filter((each) => each.failed).length;
  const mostTried = Math.max(...tried.map((bin) => bin.items.length), 1);
  const count = (value: number) => String(Math.round(value));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Figure
        title="Deployment frequency"
        value={perTime(of.frequency)}
        under={plural(of.deliveries.length, "deployment")}
        definition="Deployments that brought a change here and succeeded. Redeploys and rollbacks do not count."
      >
        <Chart
          label="Deployments"
          bins={delivered}
          bars={delivered.map((bin) => ({ parts: one(bin.items.length), says: plural(bin.items.length, "deployment") }))}
          top={ceiling(most)}
          unit={count}
        />
      </Figure>
      <Figure
        title="Lead time for changes"
        value={of.leadMedian === undefined ? "–" : duration(of.leadMedian)}
        under={leadUnder(of)}
        definition="From a change's check-in to the moment it was live here for the first time, waiting for approval included."
      >
        <Durations label="Median lead time" points={of.lead} window={window} />
      </Figure>
      <Figure
        title="Change failure rate"
        value={of.failureRate === undefined ? "–" : percent(of.failureRate)}
        under={of.tried.length > 0 ? `${failed} of ${plural(of.tried.length, "change")}` : "no change was tried here"}
        definition="Of the changes that were tried here, those with a deployment that failed, or that were rolled back from. Cancelled and superseded ones do not count."
      >
        <Group gap="md" mt={4}>
          <span className={classes.key}>went well</span>
          <span className={`${classes.key} ${classes.keyBad}`}>failed or rolled back</span>
        </Group>
        <Chart
          label="Changes tried"
          bins={tried}
          bars={tried.map((bin) => {
            const bad = bin.items.filter((item) => item.failed).length;
            return {
              parts: [
                { value: bad, kind: "bad" },
                { value: bin.items.length - bad, kind: "main" },
              ],
              says: bin.items.length === 0 ? "none" : `${bad} of ${bin.items.length} failed`,
            };
          })}
          top={ceiling(mostTried)}
          unit={count}
        />
      </Figure>
      <Figure
        title="Time to restore"
        value={of.restoreMedian === undefined ? "–" : duration(of.restoreMedian)}
        under={
          of.brokenSince !== undefined ? (
            <>
              not mended yet: failed <Age at={new Date(of.brokenSince).toISOString()} />
            </>
          ) : of.restored.length > 0 ? (
            `median of ${of.restored.length}`
          ) : (
            "nothing had to be mended"
          )
        }
        definition="From the first deployment that failed, or from asking for a rollback, to the next success here. A stage goes on serving what it served meanwhile."
      >
        <Durations label="Median time to restore" points={of.restored} window={window} />
      </Figure>
    </SimpleGrid>
  );
}
