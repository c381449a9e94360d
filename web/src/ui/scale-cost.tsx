import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { prices } from "@/api/usage";
import { monthOf } from "@/lib/usage";

/** What so many instances are in a month, before they run. */
export function ScaleCost({ instances }: { instances: number }) {
  const known = useQuery(prices());
  return (
    <Text size="xs" c="dimmed">
      {monthOf(instances, known.data)}
    </Text>
  );
}
