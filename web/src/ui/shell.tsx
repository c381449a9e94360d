import {
  ActionIcon,
  Anchor,
  AppShell,
  Badge,
  Burger,
  Group,
  Kbd,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconActivity,
  IconChecklist,
  IconDeviceDesktop,
  IconKey,
  IconMapPin,
  IconLogout,
  IconMoon,
  IconSearch,
  IconStack2,
  IconStethoscope,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "react-router-dom";
import { client, type Me } from "@/api/client";
import { followEvents, useConnection } from "@/api/live";
import { useTellOfApprovals } from "@/api/notices";
import { approvals, keys } from "@/api/queries";
import { Health } from "./health";
import { Shortcuts } from "./shortcuts";

const words = {
  connecting: { color: "gray", text: "connecting", tip: "Waiting for the first event." },
  live: { color: "green", text: "live", tip: "What you see is the state of now." },
  lost: { color: "red", text: "connection lost", tip: "What you see may be old. It is tried again by itself." },
} as const;

function Connection() {
  const now = words[useConnection()];
  return (
    <Tooltip label={now.tip}>
      <Badge color={now.color} variant="dot" tt="none" role="status" aria-live="polite">
        {now.text}
      </Badge>
    </Tooltip>
  );
}

/** The frame of every page: where to go, whether it is live, who one is. */
export function Shell({ me, children }: { me: Me; children: ReactNode }) {
  const cache = useQueryClient();
  const here = useLocation();
  const [opened, { toggle, close }] = useDisclosure();
  const waiting = useQuery(approvals());
  const { colorScheme, setColorScheme } = useMantineColorScheme();

  useEffect(() => followEvents(cache), [cache]);
  useTellOfApprovals();
  useEffect(close, [here.pathname, close]);

  const signOut = async () => {
    await client.DELETE("/api/v1/session").catch(() => undefined);
    // The first is told to whoever watches it; what nobody may see any more goes without a word.
    cache.setQueryData(keys.me(), null);
    cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me()[0] });
  };
  const count = waiting.data?.items.length ?? 0;
  const links = [
    { to: "/", name: "Stacks", icon: IconStack2, here: here.pathname === "/" || here.pathname.startsWith("/stacks") },
    { to: "/approvals", name: "Approvals", icon: IconChecklist, here: here.pathname === "/approvals", count },
    { to: "/activity", name: "Activity", icon: IconActivity, here: here.pathname === "/activity" },
    ...(me.role === "admin" ? [{ to: "/doctor", name: "Doctor", icon: IconStethoscope, here: here.pathname === "/doctor" }] : []),
  ];
  const schemes = [
    { name: "Light", value: "light" as const, icon: IconSun },
    { name: "Dark", value: "dark" as const, icon: IconMoon },
    { name: "As the system", value: "auto" as const, icon: IconDeviceDesktop },
  ];

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 200, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", sm: "lg" }}
    >
      <Shortcuts />
      <a className="skip" href="#content">
        To the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" aria-expanded={opened} />
            <Anchor component={Link} to="/" underline="never" c="inherit">
              <Group gap={8} wrap="nowrap">
                <img src="/icon.svg" width={26} height={26} alt="" />
                <Text fw={700} size="lg">
                  Sluice
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            {me.role === "admin" && <Health />}
            <Connection />
            <UnstyledButton
              visibleFrom="sm"
              onClick={() => document.dispatchEvent(new Event("sluice:palette"))}
              aria-label="Search and commands"
              px={10}
              py={4}
              style={{ border: "1px solid var(--mantine-color-default-border)", borderRadius: 8 }}
            >
              <Group gap={8} wrap="nowrap">
                <IconSearch size={14} aria-hidden />
                <Text size="sm" c="dimmed">
                  Search
                </Text>
                <Kbd size="xs">⌘K</Kbd>
              </Group>
            </UnstyledButton>
            <Menu position="bottom-end" width={220} withinPortal={false}>
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account: ${me.name}`}>
                  <IconUserCircle />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>
                  {me.name}, {me.role}
                </Menu.Label>
                <Menu.Item component={Link} to="/regions" leftSection={<IconMapPin size={16} />}>
                  Regions
                </Menu.Item>
                {me.role === "admin" && (
                  <Menu.Item component={Link} to="/tokens" leftSection={<IconKey size={16} />}>
                    Tokens
                  </Menu.Item>
                )}
                <Menu.Divider />
                {schemes.map(({ name, value, icon: Icon }) => (
                  <Menu.Item
                    key={value}
                    leftSection={<Icon size={16} />}
                    onClick={() => setColorScheme(value)}
                    aria-current={colorScheme === value}
                    fw={colorScheme === value ? 600 : undefined}
                  >
                    {name}
                  </Menu.Item>
                ))}
                <Menu.Divider />
                <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
                  Sign out
                </Menu.Item>
                <Menu.Label>Sluice {me.version}</Menu.Label>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main" className={opened ? undefined : "away"}>
        {links.map(({ to, name, icon: Icon, here: active, count: number }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={name}
            active={active}
            aria-current={active ? "page" : undefined}
            leftSection={<Icon size={18} aria-hidden />}
            rightSection={
              number ? (
                <Badge size="sm" color="yellow" variant="filled" autoContrast aria-label={`${number} wait`}>
                  {number}
                </Badge>
              ) : undefined
            }
            style={{ borderRadius: 8 }}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {children}
      </AppShell.Main>
    </AppShell>
  );
}
