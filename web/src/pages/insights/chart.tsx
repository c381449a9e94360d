import { Table, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { Bin } from "@/lib/insights";
import classes from "./insights.module.css";

// Bars drawn by hand: one a day or a week, from nothing at the bottom. Each says what it is on hover; the table below says
// the same to those who do not see bars.

export interface Bar {
  /** What each piece of the bar is worth, from the bottom up. */
  parts: { value: number; kind: "main" | "bad" }[];
  /** In words: "3 deployments". */
  says: string;
}

const kHeight = 120;
const kFoot = 18;
const kLeft = 44;

const date = (at: number) => new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
const span = (bin: Bin<unknown>) => {
  const last = bin.to - 1;
  return bin.to - bin.from > 1.5 * 86_400_000 ? `${date(bin.from)} to ${date(last)}` : date(bin.from);
};

export function Chart({ label, bins, bars, top, unit }: { label: string; bins: Bin<unknown>[]; bars: Bar[]; top: number; unit: (value: number) => string }) {
  const { ref, width } = useElementSize();
  const inner = Math.max(0, width - kLeft);
  const step = bins.length > 0 ? inner / bins.length : 0;
  const gap = step > 12 ? 3 : 1;
  const y = (value: number) => kHeight - (Math.min(value, top) / top) * kHeight;
  const every = Math.max(1, Math.ceil(56 / Math.max(step, 1)));
  return (
    <div>
      <div ref={ref}>
        <svg width="100%" height={kHeight + kFoot + 8} role="img" aria-label={`${label}. The table says the same.`} className={classes.chart}>
          <g transform="translate(0 6)">
            {[0, top / 2, top].map((value) => (
              <g key={value}>
                <line x1={kLeft} x2={width} y1={y(value)} y2={y(value)} className={classes.grid} />
                {value !== top / 2 && (
                  <text x={kLeft - 6} y={y(value) + 4} textAnchor="end" className={classes.tick}>
                    {unit(value)}
                  </text>
                )}
              </g>
            ))}
            {bins.map((bin, i) => {
              const bar = bars[i];
              const x = kLeft + i * step;
              let below = 0;
              return (
                <g key={bin.from} className={classes.bar}>
                  <title>{`${span(bin)}: ${bar?.says ?? ""}`}</title>
                  <rect x={x} y={0} width={step} height={kHeight} className={classes.hover} />
                  {bar?.parts.map(({ value, kind }) => {
                    if (value <= 0) return null;
                    const from = y(below);
                    below += value;
                    const to = y(below);
                    return (
                      <rect
                        key={kind}
                        x={x + gap / 2}
                        y={to}
                        width={Math.max(1, Math.min(step - gap, 36))}
                        height={Math.max(1, from - to)}
                        rx={Math.min(2, step / 4)}
                        className={kind === "bad" ? classes.bad : classes.main}
                      />
                    );
                  })}
                  {(bins.length - 1 - i) % every === 0 && (
                    <text x={x + Math.min(step, 36 + gap) / 2} y={kHeight + kFoot - 3} textAnchor="middle" className={classes.tick}>
                      {date(bin.from)}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        </svg>
      </div>
      <details className={classes.table}>
        <summary>As a table</summary>
        <Table verticalSpacing={2} fz="sm" mt={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{bins.length > 0 && bins.some((bin) => bin.to - bin.from > 1.5 * 86_400_000) ? "Week" : "Day"}</Table.Th>
              <Table.Th>{label}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {bins.map((bin, i) => (
              <Table.Tr key={bin.from}>
                <Table.Th scope="row" fw={400}>
                  {span(bin)}
                </Table.Th>
                <Table.Td>{bars[i]?.says}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {bins.length === 0 && <Text size="sm">Nothing.</Text>}
      </details>
    </div>
  );
}
