import { Group, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import type { Series } from "@/lib/usage";
import classes from "./monitoring.module.css";

// Lines drawn by hand over one time axis that all charts of the page share. The table below them says the same.

export type Tone = "blue" | "red" | "orange" | "grape";
export interface Line {
  name: string;
  tone: Tone;
  values: (number | null)[];
}
export interface Mark {
  at: number;
  failed: boolean;
}
interface Props {
  title: string;
  lines: Line[];
  top: number;
  unit: (value: number) => string;
  series: Series;
  marks: Mark[];
  /** The step that is looked at; the last one when it is undefined. */
  cursor: number | undefined;
  look: (step: number | undefined) => void;
}

const kHeight = 96;
const kFoot = 18;
const kTick = 32; // half the width of a time
export const kLeft = 52;

/** Runs of values that are there, as points of a line. */
function runs(values: (number | null)[]): [number, number][][] {
  const out: [number, number][][] = [];
  let open: [number, number][] | undefined;
  values.forEach((value, i) => {
    if (value === null) open = undefined;
    else if (open) open.push([i, value]);
    else out.push((open = [[i, value]]));
  });
  return out;
}

function ticks(from: number, to: number, most: number): number[] {
  const steps = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200].map((minutes) => minutes * 60_000);
  const step = steps.find((one) => (to - from) / one <= most) ?? 14_400 * 60_000;
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - zone) / step) * step + zone;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, i) => first + i * step);
}
const clock = (at: number, span: number) =>
  new Date(at).toLocaleString(undefined, span > 2 * 86_400_000 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" });

export function Chart({ title, lines, top, unit, series, marks, cursor, look }: Props) {
  const { ref, width } = useElementSize();
  const { at, step } = series;
  const from = at[0] ?? 0;
  const to = (at[at.length - 1] ?? 0) + step;
  const inner = Math.max(1, width - kLeft);
  const x = (time: number) => kLeft + ((time - from) / (to - from)) * inner;
  const y = (value: number) => kHeight - (Math.min(value, top) / top) * kHeight;
  const shown = cursor ?? at.length - 1;
  const paths = useMemo(
    () =>
      lines.map(({ values, tone, name }) => {
        const middle = (i: number) => kLeft + ((i + 0.5) / at.length) * inner;
        const drawn = runs(values).map((run) => {
          const line = run.map(([i, value]) => `${middle(i).toFixed(1)},${y(value).toFixed(1)}`).join("L");
          const [first, last] = [run[0]!, run[run.length - 1]!];
          const alone = run.length === 1 ? `h0.01` : "";
          return { line: `M${line}${alone}`, area: `M${middle(first[0]).toFixed(1)},${kHeight}L${line}L${middle(last[0]).toFixed(1)},${kHeight}Z` };
        });
        return { tone, name, line: drawn.map((one) => one.line).join(""), area: drawn.map((one) => one.area).join("") };
      }),
    [lines, inner, top, at.length],
  );
  return (
    <section aria-label={title}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <Group gap="md">
          {lines.map(({ name, tone, values }) => (
            <span key={name} className={`${classes.key} ${classes[tone]}`}>
              {lines.length > 1 && `${name}: `}
              {values[shown] === null || values[shown] === undefined ? "–" : unit(values[shown])}
            </span>
          ))}
        </Group>
      </Group>
      <div
        ref={ref}
        onPointerMove={(event) => {
          const place = (event.clientX - event.currentTarget.getBoundingClientRect().left - kLeft) / inner;
          look(place >= 0 && place < 1 ? Math.floor(place * at.length) : undefined);
        }}
        onPointerLeave={() => look(undefined)}
      >
        <svg width="100%" height={kHeight + kFoot + 6} role="img" aria-label={`${title} over time. The table says the same.`} className={classes.chart}>
          <g transform="translate(0 4)">
            {[0, top / 2, top].map((value) => (
              <g key={value}>
                <line x1={kLeft} x2={width} y1={y(value)} y2={y(value)} className={classes.grid} />
                {value !== top / 2 && (
                  <text x={kLeft - 6} y={y(value) + 4} textAnchor="end" className={classes.tick}>
                    {value === 0 ? "0" : unit(value)}
                  </text>
                )}
              </g>
            ))}
            {ticks(from, to, Math.max(2, inner / 90)).map((time) => (
              <text key={time} x={x(time)} y={kHeight + kFoot - 3} textAnchor={x(time) > width - kTick ? "end" : "middle"} className={classes.tick}>
                {clock(time, to - from)}
              </text>
            ))}
            {paths.map((one, i) => (
              <g key={one.name}>
                {i === 0 && <path d={one.area} className={`${classes.area} ${classes[one.tone]}`} />}
                <path d={one.line} className={`${classes.line} ${classes[one.tone]}`} />
              </g>
            ))}
            {marks.map((mark) => (
              <line key={mark.at} x1={x(Math.min(mark.at, to))} x2={x(Math.min(mark.at, to))} y1={0} y2={kHeight} className={`${classes.mark} ${mark.failed ? classes.markFailed : ""}`} />
            ))}
            {cursor !== undefined && <line x1={x(at[cursor]! + step / 2)} x2={x(at[cursor]! + step / 2)} y1={0} y2={kHeight} className={classes.cursor} />}
          </g>
        </svg>
      </div>
    </section>
  );
}
