import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Schemas, type Stage } from "@/api/client";
import { keys } from "@/api/queries";
import { stageSettings, tagged } from "@/api/settings";
import type { SavedNote } from "./form";

type StageEdit = Schemas["StageEdit"];
// What is not set is left out of a stage; in an edit it is nothing: 0 seconds, no text, nothing but zeros.
const nothing = (a: unknown): boolean => a === 0 || a === "" || (typeof a === "object" && a !== null && !Array.isArray(a) && Object.values(a).every((one) => one === 0));
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b) || (b === undefined && nothing(a));

/** Edits of one stage on top of how it is now; saved together, if nobody else saved in between. */
export function useStageEdit(stack: string, name: string) {
  const cache = useQueryClient();
  const base = useQuery(stageSettings(stack, name));
  const [draft, setDraft] = useState<StageEdit>({});
  const [begun, setBegun] = useState(""); // the ETag of what was on screen when the first edit was made
  const [note, setNote] = useState<SavedNote>();
  const stage = base.data?.value;
  const etag = base.data?.etag ?? "";
  const changed = Object.fromEntries(
    Object.entries(draft).filter(([field, value]) => value !== undefined && !same(value, stage?.[field as keyof Stage])),
  ) as StageEdit;
  const dirty = Object.keys(changed).length > 0;

  const refresh = () => cache.invalidateQueries({ queryKey: keys.stack(stack) });
  const save = useMutation({
    mutationFn: () =>
      tagged(
        client.PATCH("/api/v1/stacks/{stack}/stages/{stage}", {
          params: { path: { stack, stage: name }, header: { "If-Match": etag } },
          body: changed,
        }),
      ),
    onSuccess: ({ value, etag: next }) => {
      cache.setQueryData(stageSettings(stack, name).queryKey, { value, etag: next });
      setDraft({});
      const { deploys } = value;
      setNote({
        text: value.notice ?? "Saved.",
        deployment: deploys && { stack, id: deploys.deployment, change: deploys.change },
      });
      void refresh();
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) {
        setBegun(etag);
        void base.refetch();
      }
    },
  });

  return {
    base,
    stage,
    /** As it is, with the edits on top. */
    now: stage && { ...stage, ...changed },
    edit: (more: StageEdit) => {
      if (!dirty) setBegun(etag);
      setNote(undefined);
      if (!save.isIdle) save.reset();
      setDraft({ ...draft, ...more });
    },
    discard: () => {
      setDraft({});
      save.reset();
    },
    dirty,
    moved: dirty && begun !== etag,
    note,
    save,
  };
}
