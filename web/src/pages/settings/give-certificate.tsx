import { Button, FileButton, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, told } from "@/api/client";
import { pemProblem } from "@/lib/domains";
import { Problem } from "@/ui/answers";

type Texts = { certificate: string; key: string };
const parts = [
  { part: "certificate", label: "Certificate", about: "In PEM: the domain's own first, then the rest of its chain.", begins: "-----BEGIN CERTIFICATE-----", rows: 6 },
  { part: "key", label: "Private key", about: "In PEM, without a password. It is never shown again.", begins: "-----BEGIN PRIVATE KEY-----", rows: 4 },
] as const;

/** A certificate and its key for a domain, pasted or from files. */
export function GiveCertificate({ stack, stage, domain, onClose, onGiven }: { stack: string; stage: string; domain: string; onClose: () => void; onGiven: () => void }) {
  const [texts, setTexts] = useState<Texts>({ certificate: "", key: "" });
  const [wrong, setWrong] = useState<Partial<Texts>>({});
  const give = useMutation({
    mutationFn: () => told(client.PUT("/api/v1/stacks/{stack}/stages/{stage}/certificates/{domain}", { params: { path: { stack, stage, domain } }, body: texts })),
    onSuccess: onGiven,
  });
  const take = (more: Partial<Texts>) => {
    setTexts((before) => ({ ...before, ...more }));
    setWrong({});
    if (!give.isIdle) give.reset();
  };
  const refused = (part: keyof Texts) => (give.error instanceof ApiError ? give.error.field(part) : undefined);
  const said = (part: keyof Texts) => {
    const theirs = refused(part);
    return wrong[part] ?? (theirs && `It ${theirs}.`);
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={`A certificate for ${domain}`}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const problems = pemProblem(texts);
          setWrong(problems);
          if (Object.keys(problems).length === 0) give.mutate();
        }}
      >
        <Stack gap="md">
          {parts.map(({ part, label, about, begins, rows }) => (
            <div key={part}>
              <Textarea
                label={label}
                description={about}
                placeholder={begins}
                value={texts[part]}
                error={said(part)}
                rows={rows}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="none"
                data-autofocus={part === "certificate" || undefined}
                styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "var(--mantine-font-size-xs)" } }}
                onChange={(event) => take({ [part]: event.currentTarget.value })}
              />
              <FileButton accept=".pem,.crt,.cer,.key,text/plain" onChange={(file) => void file?.text().then((text) => take({ [part]: text }))}>
                {(props) => (
                  <Button {...props} size="compact-xs" variant="subtle" mt={4}>
                    Choose the {label.toLowerCase()}'s file
                  </Button>
                )}
              </FileButton>
            </div>
          ))}
          {give.error && !refused("certificate") && !refused("key") && <Problem error={give.error} title="Not taken" />}
          <Group justify="space-between" gap="sm">
            <Text size="sm" c="dimmed">
              In force at once; no request is lost.
            </Text>
            <Group gap="sm">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={give.isPending}>
                Use it
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
