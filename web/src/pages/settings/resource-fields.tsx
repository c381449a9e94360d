import { NumberInput, SimpleGrid } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { inMegabytes, ofMegabytes } from "@/lib/resources";

type Resources = Schemas["Resources"];
const number = (value: string | number) => (value === "" ? NaN : Number(value));
const shown = (value: number) => (Number.isNaN(value) ? "" : value);

interface Props {
  resources: Resources;
  refused: (field: string) => string | undefined;
  disabled: boolean;
  onChange: (next: Resources) => void;
}

/** What each instance may use of the machine; 0: what the app's sluice.toml says, else no limit. */
export function ResourceFields({ resources, refused, disabled, onChange }: Props) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md" maw={480}>
      <NumberInput
        label="Memory"
        description="Of each instance; 0: what its sluice.toml says, else no limit."
        value={shown(inMegabytes(resources.memory))}
        onChange={(value) => onChange({ ...resources, memory: ofMegabytes(number(value)) })}
        min={0}
        clampBehavior="none"
        decimalScale={3}
        allowNegative={false}
        thousandSeparator=","
        suffix=" MB"
        disabled={disabled}
        error={refused("resources.memory")}
      />
      <NumberInput
        label="Processor"
        description="Cores of each instance; 0: what its sluice.toml says, else no limit."
        value={shown(resources.cpu / 1000)}
        onChange={(value) => onChange({ ...resources, cpu: Math.round(number(value) * 1000) })}
        min={0}
        step={0.5}
        clampBehavior="none"
        decimalScale={3}
        allowNegative={false}
        suffix=" cores"
        disabled={disabled}
        error={refused("resources.cpu")}
      />
    </SimpleGrid>
  );
}
