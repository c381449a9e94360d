import { Button, Group, Modal, Radio, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowBackUp, IconExternalLink, IconGitCompare, IconRefresh, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router-dom";
import { ApiError, client, type Deployment, type Role, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import { Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { type Offer, offers } from "./offers";

const looks = {
  retry: { name: "Retry", icon: IconRefresh, variant: "filled", color: "blue" },
  cancel: { name: "Cancel", icon: IconX, variant: "default", color: "gray" },
  rollback: { name: "Roll back to here", icon: IconArrowBackUp, variant: "default", color: "gray" },
} as const;

const path = ({ stack, stage }: Deployment) => ({ path: { stack, stage } });

/** What can be done with a deployment. Each asks first and says what will happen. */
export function Acts({ deployment, stage, role }: { deployment: Deployment; stage: Stage | undefined; role: Role }) {
  const [asked, ask] = useState<Offer["act"] | null>(null);
  return (
    <>
      {offers(deployment, stage, role).map(({ act, why }) => {
        const { name, icon: Icon, variant, color } = looks[act];
        return (
          <Tooltip key={act} label={why} disabled={!why} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
            <Button
              variant={why ? "default" : variant}
              color={color}
              leftSection={<Icon size={16} />}
              data-disabled={why ? true : undefined}
              aria-disabled={why !== undefined}
              aria-description={why}
              onClick={() => !why && ask(act)}
            >
              {name}
            </Button>
          </Tooltip>
        );
      })}
      <Button
        component={Link}
        to={`/stacks/${deployment.stack}/deployments/${deployment.id}/comparison`}
        variant="default"
        leftSection={<IconGitCompare size={16} />}
      >
        Compare
      </Button>
      {stage && (
        <Button component="a" href={stage.url} target="_blank" rel="noreferrer" variant="default" leftSection={<IconExternalLink size={16} />}>
          Open {stage.name}
        </Button>
      )}
      {asked && stage && <Ask act={asked} deployment={deployment} stage={stage} close={() => ask(null)} />}
    </>
  );
}

function Ask({ act, deployment, stage, close }: { act: Offer["act"]; deployment: Deployment; stage: Stage; close: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [settings, setSettings] = useState<"now" | "then">("now");
  const [pause, setPause] = useState(false);
  const send = useMutation({
    mutationFn: (build: boolean) => {
      if (act === "cancel")
        return told(client.POST("/api/v1/deployments/{deployment}/cancel", { params: { path: { deployment: deployment.id } }, body: {} }));
      if (act === "retry")
        return told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/retry", { params: path(deployment), body: { deployment: deployment.id } }));
      const body = { to: deployment.id, settings, pause, build };
      return told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/rollback", { params: path(deployment), body }));
    },
    onSuccess: (made) => {
      cache.setQueryData(keys.deployment(made.id), made);
      close();
      if (made.id !== deployment.id) navigate(`/stacks/${made.stack}/deployments/${made.id}`);
      else notifications.show({ message: "It is being cancelled: its step ends, and what it made is removed." });
    },
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: keys.stack(deployment.stack) });
      void cache.invalidateQueries({ queryKey: keys.deployment(deployment.id) });
    },
  });
  const { change, stage: name } = deployment;
  const { active, waiting, current } = stage;
  const moved = send.error instanceof ApiError && send.error.status === 409;
  const cleaned = moved && act === "rollback" && /cleaned/.test(send.error?.message ?? "");
  const ends = [active?.state === "switching" ? undefined : active, waiting].flatMap((one) => (one ? [`#${one.change}`] : []));
  return (
    <Modal opened onClose={close} closeButtonProps={{ "aria-label": "Close" }} title={act === "rollback" ? `Roll ${name} back to #${change}?` : act === "retry" ? `Deploy #${change} to ${name} again?` : `Cancel the deployment of #${change} to ${name}?`}>
      <Stack gap="md">
        {act === "retry" && <Text size="sm">It repeats this deployment at once, with the settings of now{deployment.state === "failed" ? "; until it succeeds nothing changes for those who use the stage" : ""}.</Text>}
        {act === "cancel" && (
          <Text size="sm">
            Its step is stopped and what it made is removed. {current ? `${name} goes on serving #${current.change}.` : `${name} serves nothing yet.`} It can be retried later.
          </Text>
        )}
        {act === "rollback" && (
          <>
            <Text size="sm">
              {name} runs what this deployment ran, at once and without building{current ? `, instead of #${current.change}` : ""}.
              {ends.length > 0 && ` It cancels what is on its way there: ${ends.join(", ")}.`} The next newer check-in arrives as usual.
            </Text>
            <Radio.Group label="Settings and variables" value={settings} onChange={(value) => setSettings(value === "then" ? "then" : "now")}>
              <Stack mt={6} gap={8}>
                <Radio value="now" label="Those of now" />
                <Radio value="then" label="Those of then" description={deployment.settings_revision !== undefined ? `Revision ${deployment.settings_revision}` : undefined} />
              </Stack>
            </Radio.Group>
            <Switch checked={pause} onChange={(event) => setPause(event.currentTarget.checked)} label={`Pause ${name}`} description="Nothing new arrives by flow until it is resumed." />
          </>
        )}
        {moved ? (
          <Notice color="yellow" title={cleaned ? "Its artifact was cleaned" : "Something moved meanwhile"} role="status">
            {send.error?.message}
          </Notice>
        ) : (
          send.error && <Problem error={send.error} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {act === "cancel" ? "Let it run" : "Close"}
          </Button>
          <Button color={act === "retry" ? "blue" : "red"} loading={send.isPending} onClick={() => send.mutate(cleaned)} data-autofocus={act === "retry" || undefined}>
            {act === "cancel" ? "Cancel it" : act === "retry" ? "Retry" : cleaned ? "Build anew and roll back" : "Roll back"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
