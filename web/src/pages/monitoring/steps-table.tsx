import { Table } from "@mantine/core";
import { useState } from "react";
import { duration, exact } from "@/lib/time";
import { amount, bytes, type Series } from "@/lib/usage";
import classes from "./monitoring.module.css";

const heads = ["From", "Instances", "CPU", "Memory", "Requests a minute", "4xx", "5xx", "p50", "p95", "p99"];

/** What the charts show, in words and numbers, newest first; steps in which there was nothing are left out. */
export function StepsTable({ series }: { series: Series }) {
  const [open, setOpen] = useState(false);
  const time = (value: number | null | undefined) => (value === null || value === undefined ? "–" : duration(value));
  const steps = series.at.map((_, i) => i).filter((i) => series.instances[i]! > 0 || series.requests[i]! > 0);
  return (
    <details className={classes.table} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && (
        <Table.ScrollContainer minWidth={820} maxHeight={420} mt="xs">
          <Table fz="sm" verticalSpacing={4} stickyHeader>
            <Table.Thead>
              <Table.Tr>
                {heads.map((one) => (
                  <Table.Th key={one}>{one}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {steps.reverse().map((i) => (
                <Table.Tr key={series.at[i]}>
                  <Table.Th scope="row" fw={400}>
                    {exact(series.at[i] ?? 0)}
                  </Table.Th>
                  <Table.Td>{amount(series.instances[i] ?? 0)}</Table.Td>
                  <Table.Td>{amount(series.cpu[i] ?? 0)}</Table.Td>
                  <Table.Td>{bytes(series.memory[i] ?? 0)}</Table.Td>
                  <Table.Td>{amount(series.requests[i] ?? 0)}</Table.Td>
                  <Table.Td>{amount(series.clientErrors[i] ?? 0)}</Table.Td>
                  <Table.Td>{amount(series.serverErrors[i] ?? 0)}</Table.Td>
                  <Table.Td>{time(series.p50[i])}</Table.Td>
                  <Table.Td>{time(series.p95[i])}</Table.Td>
                  <Table.Td>{time(series.p99[i])}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </details>
  );
}
