import { Button, Group, Modal, Radio, Stack as Column, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router-dom";
import { ApiError, client, type Stack, told } from "@/api/client";
import { keys } from "@/api/queries";
import { branchProblem, labelProblem } from "@/lib/names";
import { Problem } from "@/ui/answers";
import { Commands, pushCommands } from "@/ui/commands";
import { Notice } from "@/ui/notice";

/** The form, and afterwards how to push. */
export function NewStack({ close }: { close: () => void }) {
  const [made, setMade] = useState<Stack>();
  return (
    <Modal opened onClose={close} title={made ? `${made.name} is made` : "New stack"} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {made ? <Made stack={made} /> : <Form made={setMade} close={close} />}
    </Modal>
  );
}

function Form({ made, close }: { made: (stack: Stack) => void; close: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [branch, setBranch] = useState("main");
  const [touched, setTouched] = useState(false);
  const create = useMutation({
    mutationFn: () => told(client.POST("/api/v1/stacks", { body: { name, repository: { branch } } })),
    onSuccess: (stack) => {
      cache.setQueryData(keys.stack(stack.name), stack);
      void cache.invalidateQueries({ queryKey: keys.stacks() });
      made(stack);
    },
  });
  const refused = create.error instanceof ApiError ? create.error : undefined;
  const nameError = touched || name ? labelProblem(name) : undefined;
  const fields = ["name", "repository.branch"];
  const elsewhere = create.error && !(refused && refused.fields.length > 0 && refused.fields.every((one) => fields.includes(one.field)));
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTouched(true);
        if (!labelProblem(name) && !branchProblem(branch)) create.mutate();
      }}
    >
      <Column>
        <TextInput
          label="Name"
          description="Part of every stage's address; it never changes."
          placeholder="shop"
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value.trim());
            create.reset();
          }}
          error={nameError ?? refused?.field("name")}
          data-autofocus
          autoCapitalize="none"
          spellCheck={false}
          maxLength={40}
        />
        <Radio.Group label="Repository" value="hosted">
          <Column gap="xs" mt={6}>
            <Radio value="hosted" label="Hosted here" description="Sluice keeps the repository; you push to it." />
            <Radio value="remote" disabled label="Remote, by its address" description="Not available yet: push to the one Sluice makes." />
          </Column>
        </Radio.Group>
        <TextInput
          label="Branch"
          description="The one whose pushes are deployed; pushes to others change nothing."
          value={branch}
          onChange={(event) => {
            setBranch(event.currentTarget.value.trim());
            create.reset();
          }}
          error={branchProblem(branch) ?? refused?.field("repository.branch")}
          autoCapitalize="none"
          spellCheck={false}
        />
        {elsewhere && <Problem error={create.error} />}
        <Text size="sm" c="dimmed">
          It starts with one stage, dev, that deploys every push. You add more afterwards.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create stack
          </Button>
        </Group>
      </Column>
    </form>
  );
}

function Made({ stack }: { stack: Stack }) {
  return (
    <Column>
      <Text size="sm">In the folder of your repository:</Text>
      <Commands lines={pushCommands(stack.git_url, stack.repository.branch)} />
      <Notice color="gray">
        The first line lets Git ask <code>sluice</code> for your token, once you are signed in on that machine with{" "}
        <code>sluice login {new URL(stack.git_url).origin}</code>. The push is deployed to dev at once.
      </Notice>
      <Group justify="flex-end">
        <Button component={Link} to={`/stacks/${stack.name}`} data-autofocus>
          Open {stack.name}
        </Button>
      </Group>
    </Column>
  );
}
