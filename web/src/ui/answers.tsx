import { Button, Center, Group, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, type Icon as TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { Notice } from "./notice";
import { Prose } from "./prose";

/** Why something could not be shown or done, in the server's words, with a way to try again. */
export function Problem({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const known = error instanceof ApiError;
  const heading =
    title ?? (known && error.status === 404 ? "Not found" : known && error.status === 403 ? "Not allowed" : "That did not work");
  return (
    <Notice color="red" icon={<IconAlertTriangle />} title={heading} role="alert">
      <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
        <Prose text={error instanceof Error ? error.message : String(error)} />
      </Text>
      {retry && (
        <Button mt="sm" size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}

/** What an empty page says: what would be here, and how to make it. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: TablerIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Center py={64} px="md">
      <Stack align="center" gap="sm" maw={480}>
        <ThemeIcon size={56} radius="xl" variant="light" color="gray">
          <Icon size={28} />
        </ThemeIcon>
        <Title order={2} size="h4" ta="center">
          {title}
        </Title>
        <Text c="dimmed" ta="center" component="div">
          {children}
        </Text>
        {action && <Group>{action}</Group>}
      </Stack>
    </Center>
  );
}

/** Grey bars in the shape of what is coming. */
export function Loading({ rows = 3, height = 72 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="sm" aria-busy aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} radius="md" />
      ))}
    </Stack>
  );
}
