import { Button, Code, CopyButton, Group, Modal, Radio, Select, Stack as Column, Text, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Role, told } from "@/api/client";
import { keys } from "@/api/queries";
import { exact } from "@/lib/time";
import { Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";

const roles: { value: Role; label: string; about: string }[] = [
  { value: "viewer", label: "Viewer", about: "Reads everything, changes nothing." },
  { value: "developer", label: "Developer", about: "Pushes, adds and configures stages that require no approval, retries, rolls back." },
  { value: "admin", label: "Admin", about: "All of it: approves, changes gates, deletes, makes tokens." },
];
const ends = [
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "1 year" },
  { value: "", label: "Never" },
];

function nameProblem(name: string): string | undefined {
  if (!name) return "Give it a name that says what it is for.";
  if (new TextEncoder().encode(name).length > 64) return "At most 64 characters.";
  if (name.startsWith("tok_")) return "Not beginning with tok_, as ids do.";
  return undefined;
}

/** Makes a token, and shows its text this once. */
export function NewToken({ opened, close }: { opened: boolean; close: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("developer");
  const [expires, setExpires] = useState("90d");
  const [wrong, setWrong] = useState<string>();
  const make = useMutation({
    mutationFn: () => told(client.POST("/api/v1/tokens", { body: { name: name.trim(), role, expires_in: expires || undefined } })),
    onSuccess: () => void cache.invalidateQueries({ queryKey: keys.tokens() }),
    onError: (error) => setWrong(error instanceof ApiError ? (error.field("name") ?? (error.status === 409 ? error.message : undefined)) : undefined),
  });
  const done = () => {
    make.reset();
    setName("");
    setWrong(undefined);
    close();
  };
  const made = make.data;
  return (
    <Modal
      opened={opened}
      onClose={done}
      title={made ? `The token ${made.name}` : "New token"}
      centered
      size="lg"
      closeOnClickOutside={!made}
      closeOnEscape={!made}
      withCloseButton={!made}
    >
      {made ? (
        <Column gap="md">
          <Notice color="yellow" title="Copy it now">
            This is the only time it is shown. Whoever has it may do what a{made.role === "admin" ? "n" : ""} {made.role} may.
          </Notice>
          <Code block style={{ wordBreak: "break-all", whiteSpace: "pre-wrap" }}>
            {made.token}
          </Code>
          <Text size="sm" c="dimmed">
            {made.expires_at ? `It expires on ${exact(made.expires_at)}.` : "It never expires."}
          </Text>
          <Group justify="flex-end">
            <CopyButton value={made.token}>
              {({ copied, copy }) => (
                <Button variant="light" color={copied ? "green" : undefined} leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />} onClick={copy} data-autofocus>
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
            <Button onClick={done}>Done</Button>
          </Group>
        </Column>
      ) : (
        <Column
          component="form"
          gap="md"
          onSubmit={(event: React.FormEvent) => {
            event.preventDefault();
            const problem = nameProblem(name.trim());
            setWrong(problem);
            if (!problem) make.mutate();
          }}
        >
          <TextInput
            label="Name"
            placeholder="ci, ada's laptop"
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setWrong(undefined);
              if (!make.isIdle) make.reset();
            }}
            error={wrong}
            data-autofocus
            autoComplete="off"
          />
          <Radio.Group label="Role" value={role} onChange={(value) => setRole(value as Role)}>
            <Column gap="xs" mt="xs">
              {roles.map(({ value, label, about }) => (
                <Radio key={value} value={value} label={label} description={about} />
              ))}
            </Column>
          </Radio.Group>
          <Select label="Expires after" data={ends} value={expires} onChange={(value) => setExpires(value ?? "")} allowDeselect={false} maw={220} />
          {make.error && !wrong && <Problem error={make.error} title="Not made" />}
          <Group justify="flex-end">
            <Button variant="default" onClick={done}>
              Cancel
            </Button>
            <Button type="submit" loading={make.isPending}>
              Make token
            </Button>
          </Group>
        </Column>
      )}
    </Modal>
  );
}
