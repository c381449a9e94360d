import { Stack as Column, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconRocket, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link } from "react-router-dom";
import type { Usage } from "@/api/usage";
import { duration, exact } from "@/lib/time";
import { amount, bytes, bytesCeiling, ceilingOf, type Series, togetherWithin } from "@/lib/usage";
import { Chart, type Line } from "./chart";
import classes from "./monitoring.module.css";

const kApart = 30; // pixels between two that can be told apart, and hit

const most = (...all: (number | null)[][]) => Math.max(0, ...all.flat().map((value) => value ?? 0));
const milliseconds = (value: number) => (value < 1 && value > 0 ? "<1 ms" : duration(value));

function figures(series: Series): { title: string; top: number; unit: (value: number) => string; lines: Line[] }[] {
  const { requests, clientErrors, serverErrors, p50, p95, p99, cpu, memory, instances } = series;
  return [
    { title: "Requests a minute", top: ceilingOf(most(requests), 1), unit: amount, lines: [{ name: "requests", tone: "blue", values: requests }] },
    {
      title: "Errors a minute",
      top: ceilingOf(most(clientErrors, serverErrors), 1),
      unit: amount,
      lines: [
        { name: "5xx", tone: "red", values: serverErrors },
        { name: "4xx", tone: "orange", values: clientErrors },
      ],
    },
    {
      title: "Time until the answer began",
      top: ceilingOf(most(p50, p95, p99), 10),
      unit: milliseconds,
      lines: [
        { name: "p50", tone: "blue", values: p50 },
        { name: "p95", tone: "orange", values: p95 },
        { name: "p99", tone: "grape", values: p99 },
      ],
    },
    { title: "CPU, of one processor", top: ceilingOf(most(cpu), 0.1), unit: amount, lines: [{ name: "CPU", tone: "blue", values: cpu }] },
    { title: "Memory", top: bytesCeiling(most(memory)), unit: bytes, lines: [{ name: "memory", tone: "blue", values: memory }] },
    { title: "Instances", top: ceilingOf(most(instances), 2), unit: amount, lines: [{ name: "instances", tone: "blue", values: instances }] },
  ];
}

/** Deployments on the time axis: a link to its own page, or to the history where several stand in one place. */
function Deployments({ usage, series }: { usage: Usage; series: Series }) {
  const { ref, width } = useElementSize();
  const from = series.at[0] ?? 0;
  const places = togetherWithin(usage.deployments, (width > 0 ? kApart / width : 1) * series.at.length * series.step);
  return (
    <nav ref={ref} className={classes.strip} aria-label="Deployments on the time axis">
      {places.map((there) => {
        const last = there[there.length - 1]!;
        const failed = there.some((one) => one.state === "failed");
        const alone = `#${last.change} ${failed ? "failed" : "deployed"}, ${exact(last.at)}`;
        const says = there.length === 1 ? alone : `${there.length} deployments until ${exact(last.at)}, the last #${last.change}${failed ? "; not all succeeded" : ""}`;
        const root = `/stacks/${usage.stack}`;
        return (
          <Link
            key={last.deployment}
            to={there.length === 1 ? `${root}/deployments/${last.deployment}` : `${root}/history?view=deployments&stage=${usage.stage}`}
            className={classes.deployment}
            data-failed={failed || undefined}
            style={{ left: `${Math.min(100, ((Date.parse(last.at) - from) / (series.at.length * series.step)) * 100)}%` }}
            title={says}
            aria-label={says}
          >
            {there.length > 1 ? <span aria-hidden>{there.length}</span> : failed ? <IconX size={16} aria-hidden /> : <IconRocket size={16} aria-hidden />}
          </Link>
        );
      })}
    </nav>
  );
}

/** All charts below each other, one time looked at in all of them: under the pointer, or by the arrow keys. */
export function Charts({ usage, series }: { usage: Usage; series: Series }) {
  const [cursor, setCursor] = useState<number>();
  const all = useMemo(() => figures(series), [series]);
  const marks = useMemo(() => usage.deployments.map((one) => ({ at: Date.parse(one.at), failed: one.state === "failed" })), [usage.deployments]);
  const last = series.at.length - 1;
  const looked = cursor === undefined ? undefined : Math.min(cursor, last);
  const move = (by: number) => setCursor(Math.min(last, Math.max(0, (looked ?? last) + by)));
  return (
    <Column gap="lg">
      {usage.deployments.length > 0 && <Deployments usage={usage} series={series} />}
      <Text size="xs" c="dimmed" aria-live="polite">
        {looked === undefined ? "Values of the newest step; point at a chart, or focus the charts and use the arrow keys." : exact(series.at[looked] ?? 0)}
      </Text>
      <Column
        gap="xl"
        role="group"
        aria-label="Charts; the left and right arrow keys move the time that is looked at"
        tabIndex={0}
        className={classes.charts}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 }[event.key];
          if (by === undefined && event.key !== "Escape") return;
          event.preventDefault();
          if (by === undefined) setCursor(undefined);
          else move(by);
        }}
      >
        {all.map((one) => (
          <Chart key={one.title} {...one} series={series} marks={marks} cursor={looked} look={setCursor} />
        ))}
      </Column>
    </Column>
  );
}
