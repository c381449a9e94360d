import { Button, Group, Modal, NumberInput, Radio, Select, SimpleGrid, Stack as Column, Switch, TextInput, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconInfoCircle } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Role, type Schemas, type Stack, told } from "@/api/client";
import { keys } from "@/api/queries";
import { inOrder, leaving, type Place, whatAddingDoes } from "@/lib/flow";
import { mayNot } from "@/lib/may";
import { labelProblem } from "@/lib/names";
import { DatabaseFields, databaseProblem } from "@/ui/database-fields";
import { Notice } from "@/ui/notice";
import { ScaleCost } from "@/ui/scale-cost";
import { Refused } from "@/ui/refused";

const placeOf = (value: string): Place => {
  const [side, name] = value.split(":");
  return side === "before" ? { before: name } : side === "after" ? { after: name } : {};
};

/** Every place of the order once: in front of the first, and behind each. */
function places(stack: Stack) {
  const stages = inOrder(stack);
  if (stages.length === 0) return [{ value: "end", label: "First" }];
  return [
    { value: `before:${stages[0]!.name}`, label: `First, before ${stages[0]!.name}` },
    ...stages.map((stage, index) => {
      const next = stages[index + 1];
      return next ? { value: `after:${stage.name}`, label: `Between ${stage.name} and ${next.name}` } : { value: "end", label: `Last, after ${stage.name}` };
    }),
  ];
}

function valueOf(stack: Stack, place: Place): string {
  const stages = inOrder(stack);
  const at = place.before ? stages.findIndex((one) => one.name === place.before) - 1 : place.after ? stages.findIndex((one) => one.name === place.after) : stages.length - 1;
  if (stages.length === 0 || at >= stages.length - 1) return "end";
  return at < 0 ? `before:${stages[0]!.name}` : `after:${stages[at]!.name}`;
}

const fields = ["database.kind", "database.url", "endpoint", "caching", "access", "name", "before", "after", "requires_approval", "instances", "region", "copy_from"];

export function NewStage({ stack, role, place: asked, close }: { stack: Stack; role: Role; place: Place; close: () => void }) {
  const cache = useQueryClient();
  const regions = useQuery({ queryKey: keys.regions(), queryFn: () => told(client.GET("/api/v1/regions")) });
  const [place, setPlace] = useState(() => valueOf(stack, asked));
  const [name, setName] = useState("");
  const [touched, setTouched] = useState(false);
  const [approval, setApproval] = useState(false);
  const [instances, setInstances] = useState<string | number>(1);
  const [region, setRegion] = useState("local");
  const [copyFrom, setCopyFrom] = useState<string | null>(null);
  const [database, setDatabase] = useState<Schemas["Database"]>({ kind: "none" });
  const [endpoint, setEndpoint] = useState<Schemas["Endpoint"]>("api_gateway");
  const [caching, setCaching] = useState(false);
  const [access, setAccess] = useState<Schemas["Access"]>("public");
  const stages = inOrder(stack);
  const create = useMutation({
    mutationFn: () =>
      told(
        client.POST("/api/v1/stacks/{stack}/stages", {
          params: { path: { stack: stack.name } },
          body: {
            name,
            ...placeOf(place),
            requires_approval: approval,
            instances: Number(instances),
            region,
            endpoint,
            caching: caching && endpoint === "api_gateway",
            access,
            database,
            ...(copyFrom && { copy_from: copyFrom }),
          },
        }),
      ),
    onSuccess: (stage) => {
      notifications.show({
        title: `${stage.name} is made`,
        message: stage.deploys ? `It deploys #${stage.deploys.change} now.` : stage.notice,
      });
      close();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.stack(stack.name) }),
  });
  const refused = create.error instanceof ApiError ? create.error : undefined;
  const taken = stages.some((one) => one.name === name)
    ? `${stack.name} has a stage ${name} already.`
    : leaving(stack).some((one) => one.name === name)
      ? `The former ${name} is still being deleted.`
      : undefined;
  const nameProblem = labelProblem(name) ?? taken;
  const countProblem = instances === "" ? "Say how many." : undefined;
  const inFields = refused && refused.fields.length > 0 && refused.fields.every((one) => fields.includes(one.field));
  const noApproval = mayNot(role, "admin");
  const says = whatAddingDoes(stack, placeOf(place), name || "The new stage", approval);
  return (
    <Modal opened onClose={close} title="New stage" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTouched(true);
          if (!nameProblem && !countProblem && !databaseProblem(database)) create.mutate();
        }}
      >
        <Column gap="md">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label="Name"
              placeholder="canary"
              value={name}
              onChange={(event) => {
                setName(event.currentTarget.value.trim());
                create.reset();
              }}
              error={(name || touched ? nameProblem : undefined) ?? refused?.field("name")}
              data-autofocus
              autoCapitalize="none"
              spellCheck={false}
              maxLength={40}
            />
            <Select
              label="Position"
              data={places(stack)}
              value={place}
              onChange={(value) => value && setPlace(value)}
              allowDeselect={false}
              error={refused?.field("before") ?? refused?.field("after")}
            />
          </SimpleGrid>
          <Tooltip label={noApproval} disabled={!noApproval} position="bottom-start">
            <div>
              <Switch
                label="Require manual approval"
                description={noApproval ?? "Later changes wait at its gate until somebody approves them."}
                checked={approval}
                disabled={!!noApproval}
                onChange={(event) => setApproval(event.currentTarget.checked)}
                error={refused?.field("requires_approval")}
              />
            </div>
          </Tooltip>
          <DatabaseFields
            value={database}
            onChange={(next) => {
              setDatabase(next);
              create.reset();
            }}
            error={refused?.field("database.kind")}
            urlError={(touched ? databaseProblem(database) : undefined) ?? refused?.field("database.url")}
          />
          <Radio.Group label="Endpoint" value={endpoint} onChange={(value) => setEndpoint(value as Schemas["Endpoint"])} error={refused?.field("endpoint")}>
            <Column gap={8} mt={6}>
              <Radio value="api_gateway" label="API gateway" description="For most apps: limits for each client, kept answers." />
              <Radio value="load_balancer" label="Load balancer" description="For WebSockets, uploads and requests that take long: no limits." />
            </Column>
          </Radio.Group>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Switch
              label="Caching"
              description={endpoint === "api_gateway" ? "The gateway keeps answers for a while." : "Only with the API gateway."}
              checked={caching && endpoint === "api_gateway"}
              disabled={endpoint !== "api_gateway"}
              onChange={(event) => setCaching(event.currentTarget.checked)}
              error={refused?.field("caching")}
            />
            <Switch
              label="Private"
              description="Opens only with a key, which you make in its settings."
              checked={access === "private"}
              onChange={(event) => setAccess(event.currentTarget.checked ? "private" : "public")}
              error={refused?.field("access")}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <NumberInput
              label="Instances"
              description="0: nothing runs"
              min={0}
              max={100}
              clampBehavior="strict"
              allowDecimal={false}
              value={instances}
              onChange={setInstances}
              error={countProblem ?? refused?.field("instances")}
            />
            <Select
              label="Region"
              description="It never changes"
              data={(regions.data?.items ?? []).map((one) => ({ value: one.name, label: one.state === "up" ? one.name : `${one.name} (down)` }))}
              value={region}
              onChange={(value) => value && setRegion(value)}
              allowDeselect={false}
              error={refused?.field("region")}
            />
            <Select
              label="Copy variables from"
              description="Build and runtime, secrets too"
              placeholder="Nowhere"
              clearable
              data={stages.map((one) => {
                const not = one.requires_approval ? mayNot(role, "decide") : undefined;
                return { value: one.name, label: not ? `${one.name} (only an admin may)` : one.name, disabled: !!not };
              })}
              value={copyFrom}
              onChange={setCopyFrom}
              error={refused?.field("copy_from")}
            />
          </SimpleGrid>
          <ScaleCost instances={instances === "" ? 0 : Number(instances)} />
          <Notice color="blue" icon={<IconInfoCircle />} role="status">
            {says.map((one) => (
              <div key={one}>{one}</div>
            ))}
          </Notice>
          {create.error && !inFields && <Refused error={create.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Create new stage
            </Button>
          </Group>
        </Column>
      </form>
    </Modal>
  );
}
