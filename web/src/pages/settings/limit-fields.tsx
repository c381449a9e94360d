import { NumberInput, SimpleGrid } from "@mantine/core";
import type { Schemas } from "@/api/client";

type Limits = Schemas["Limits"];
const kMegabyte = 1 << 20;
const number = (value: string | number) => (value === "" ? NaN : Number(value));
const shown = (value: number) => (Number.isNaN(value) ? "" : value);

/** How much the API gateway lets through; 0 is no limit. */
export function LimitFields({ limits, disabled, onChange }: { limits: Limits; disabled: boolean; onChange: (next: Limits) => void }) {
  const field = (name: keyof Limits, label: string, description: string, min: number, suffix = "") => (
    <NumberInput
      label={label}
      description={description}
      value={shown(limits[name])}
      min={min}
      clampBehavior="none"
      allowDecimal={false}
      allowNegative={false}
      thousandSeparator=","
      suffix={suffix}
      disabled={disabled}
      onChange={(value) => onChange({ ...limits, [name]: number(value) })}
    />
  );
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
      {field("rate", "Requests a second", "Of one client's address; 0: no limit. Beyond it: 429.", 0)}
      {field("burst", "At once", "How many may come together; 0: as many.", 0)}
      <NumberInput
        label="Size of a request"
        description="In MB; 0: no limit. Beyond it: 413."
        value={shown(limits.body_bytes / kMegabyte)}
        min={0}
        clampBehavior="none"
        decimalScale={3}
        allowNegative={false}
        suffix=" MB"
        disabled={disabled}
        onChange={(value) => onChange({ ...limits, body_bytes: Math.round(number(value) * kMegabyte) })}
      />
      {field("answer_seconds", "Time to answer", "Until the answer begins. Beyond it: 504.", 1, " seconds")}
    </SimpleGrid>
  );
}
