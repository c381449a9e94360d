import { Button, Group, NumberInput, TagsInput, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { client, type Schemas, type Stage, told } from "@/api/client";
import { Problem } from "@/ui/answers";

type Cache = Schemas["Cache"];

/** Which answers are kept, for how long, and away with them. */
export function CacheFields({
  stack,
  stage,
  cache,
  disabled,
  onChange,
}: {
  stack: string;
  stage: Stage;
  cache: Cache;
  disabled: boolean;
  onChange: (next: Cache) => void;
}) {
  const purge = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/stacks/{stack}/stages/{stage}/cache", { params: { path: { stack, stage: stage.name } } })),
  });
  return (
    <>
      <NumberInput
        label="Kept for"
        description="At most; the app may say less."
        value={Number.isNaN(cache.seconds) ? "" : cache.seconds}
        min={1}
        max={86_400}
        clampBehavior="none"
        allowDecimal={false}
        allowNegative={false}
        suffix=" seconds"
        disabled={disabled}
        maw={280}
        onChange={(value) => onChange({ ...cache, seconds: value === "" ? NaN : Number(value) })}
      />
      <TagsInput
        label="Paths"
        description="How the paths begin whose answers are kept; none: all of them."
        placeholder={cache.paths.length === 0 ? "/assets/" : undefined}
        value={cache.paths}
        disabled={disabled}
        acceptValueOnBlur
        onChange={(paths) => onChange({ ...cache, paths })}
      />
      {stage.caching && (
        <Group gap="sm">
          <Button variant="default" size="xs" disabled={disabled} loading={purge.isPending} onClick={() => purge.mutate()}>
            Purge now
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {purge.isSuccess ? "Nothing is kept any more; the next answers are the app's own." : "Forgets what is kept. A deployment does so by itself."}
          </Text>
        </Group>
      )}
      {purge.error && <Problem error={purge.error} title="Not purged" />}
    </>
  );
}
