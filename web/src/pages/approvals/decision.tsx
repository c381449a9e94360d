import { Button, Group, Modal, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconClockPause, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, type ApprovalDetail, client, type Stage, told } from "@/api/client";
import { keys, me } from "@/api/queries";
import { whatApprovingDoes } from "@/lib/approval";
import { mayNot } from "@/lib/may";
import { Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import classes from "./approval.module.css";

export interface Done {
  state: "approved" | "rejected";
  change: number;
  deployment?: string;
}

/** Sends the decision about exactly the change that is shown. */
function useDecide(detail: ApprovalDetail, onDone: (done: Done) => void) {
  const cache = useQueryClient();
  const { stack, stage, change } = detail;
  return useMutation({
    mutationFn: async ({ state, comment }: { state: Done["state"]; comment: string }): Promise<Done> => {
      const request = { params: { path: { stack, stage } }, body: { change, comment: comment.trim() || undefined } };
      if (state === "rejected") {
        await told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/reject", request));
        return { state, change };
      }
      const answer = await told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/approve", request));
      return { state, change, deployment: "id" in answer ? answer.id : undefined };
    },
    onSuccess: onDone,
    onSettled: () => {
      void cache.invalidateQueries({ queryKey: keys.stack(stack) });
      void cache.invalidateQueries({ queryKey: keys.approvals() });
    },
  });
}

/** Approve or reject, with a word to those who come after. */
export function Decision({
  detail,
  stage,
  onDone,
  again,
}: {
  detail: ApprovalDetail;
  stage?: Stage;
  onDone: (done: Done) => void;
  again: () => void;
}) {
  const who = useQuery(me());
  const [comment, setComment] = useState("");
  const [asking, { open, close }] = useDisclosure();
  const decide = useDecide(detail, (done) => {
    close();
    onDone(done);
  });
  const why = who.data && mayNot(who.data.role, "decide");
  const does = stage && whatApprovingDoes(detail.change, stage);
  const refused = decide.error instanceof ApiError && decide.error.status === 409 ? decide.error : undefined;

  if (why)
    return (
      <Paper withBorder p="md" className={classes.decision}>
        <Text size="sm" c="dimmed">
          {why}
        </Text>
      </Paper>
    );
  const text = (label: string) => (
    <Textarea
      label={label}
      description="Optional; kept with the decision."
      value={comment}
      onChange={(typed) => setComment(typed.currentTarget.value)}
      autosize
      minRows={2}
      maxRows={8}
      maxLength={4096}
    />
  );
  const error = refused ? (
    <Notice color="yellow" icon={<IconClockPause />} title="Not now" role="status">
      {refused.message}
    </Notice>
  ) : (
    decide.isError && <Problem error={decide.error} retry={again} title="It may not have been decided" />
  );
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="decision" className={classes.decision}>
      <Stack gap="sm">
        <Title order={2} size="h4" id="decision">
          Your decision
        </Title>
        {does && (
          <Text size="sm" c={does.blocked ? undefined : "dimmed"}>
            {does.text}
          </Text>
        )}
        {text("Comment")}
        {!asking && error}
        <div className={classes.buttons}>
          <Button variant="default" leftSection={<IconX size={16} aria-hidden />} onClick={open} disabled={decide.isPending}>
            Reject…
          </Button>
          <Button
            leftSection={<IconCheck size={16} aria-hidden />}
            disabled={does?.blocked}
            loading={decide.isPending && !asking}
            onClick={() => decide.mutate({ state: "approved", comment })}
          >
            Approve #{detail.change}
          </Button>
        </div>
      </Stack>
      <Modal opened={asking} onClose={close} title={`Reject #${detail.change} for ${detail.stage}?`} centered closeButtonProps={{ "aria-label": "Close" }}>
        <Stack gap="md">
          <Text size="sm">
            The change ends here.{" "}
            {detail.from ? `${detail.stage} goes on running #${detail.from.change}` : `${detail.stage} stays empty`}; nothing is
            undone in other stages, and a later change asks anew.
          </Text>
          {text("Reason")}
          {error}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep waiting
            </Button>
            <Button color="red" loading={decide.isPending} onClick={() => decide.mutate({ state: "rejected", comment })}>
              Reject #{detail.change}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Paper>
  );
}
