import { Button, Group, Modal, Stack as Column, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, told } from "@/api/client";
import { keys } from "@/api/queries";
import { labelProblem } from "@/lib/names";
import { Problem } from "@/ui/answers";

/** Adds a region; it is up when the dialog closes. */
export function NewRegion({ close }: { close: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [gateway, setGateway] = useState("");
  const [tried, setTried] = useState(false);
  const add = useMutation({
    mutationFn: () => told(client.POST("/api/v1/regions", { body: { name: name.trim(), gateway: gateway.trim() || undefined } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.regions() });
      close();
    },
  });
  const problem = labelProblem(name.trim());
  const refused = add.error instanceof ApiError ? add.error : undefined;
  const saidAtField = refused?.field("name") ?? refused?.field("gateway");
  return (
    <Modal opened onClose={close} title="New region" centered>
      <Column
        component="form"
        gap="md"
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          setTried(true);
          if (!problem) add.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="Stages name it, and apps find it as SLUICE_REGION"
          placeholder="us-west-2"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={(tried || name ? problem : undefined) ?? refused?.field("name")}
          data-autofocus
          autoComplete="off"
        />
        <TextInput
          label="Gateway"
          description="Where its stages answer; empty: a free port of this machine, which it keeps"
          placeholder="127.0.0.1:0"
          value={gateway}
          onChange={(event) => setGateway(event.currentTarget.value)}
          error={refused?.field("gateway")}
          autoComplete="off"
        />
        {refused && !saidAtField && <Problem error={refused} title="Not added" />}
        {add.error && !refused && <Problem error={add.error} title="Not added" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add region
          </Button>
        </Group>
      </Column>
    </Modal>
  );
}
