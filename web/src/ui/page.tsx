import { Anchor, Breadcrumbs, Group, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Link } from "react-router-dom";

/** The head of a page: where it is, its name, what one can do here. Names the browser's tab. */
export function PageHead({
  title,
  trail = [],
  actions,
  badge,
}: {
  title: string;
  trail?: { name: string; to: string }[];
  actions?: ReactNode;
  badge?: ReactNode;
}) {
  useEffect(() => {
    document.title = [title, ...trail.map((one) => one.name).reverse(), "Sluice"].join(" · ");
  });
  return (
    <div style={{ marginBottom: "var(--mantine-spacing-lg)" }}>
      {trail.length > 0 && (
        <Breadcrumbs component="nav" aria-label="Breadcrumb" mb={4} separatorMargin={6}>
          {trail.map((one) => (
            <Anchor key={one.to} component={Link} to={one.to} size="sm">
              {one.name}
            </Anchor>
          ))}
        </Breadcrumbs>
      )}
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <Title order={1} size="h2">
            {title}
          </Title>
          {badge}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
    </div>
  );
}
