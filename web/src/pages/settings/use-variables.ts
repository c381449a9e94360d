import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Schemas } from "@/api/client";
import { keys } from "@/api/queries";
import { tagged, type VariableKind, variables } from "@/api/settings";
import { type Draft, type Edit, mergeOf, problemOf, rowsOf } from "@/lib/variables";
import type { SavedNote } from "./form";

/** The variables of one kind of one stage, with edits that wait to be saved together. */
export function useVariables(stack: string, stage: string, kind: VariableKind) {
  const cache = useQueryClient();
  const base = useQuery(variables(stack, stage, kind));
  const [draft, setDraft] = useState<Draft>({});
  const [begun, setBegun] = useState("");
  const [note, setNote] = useState<SavedNote>();
  const [round, setRound] = useState(0);
  const known = base.data?.value ?? {};
  const etag = base.data?.etag ?? "";
  const rows = rowsOf(known, draft);
  const dirty = rows.some((row) => row.change !== "same" || row.problem !== undefined);

  const told = (saved: Pick<Schemas["SavedVariables"], "notice" | "deployment">) => {
    const { deployment } = saved;
    setNote({
      text: saved.notice ?? "Saved.",
      deployment: deployment && { stack, id: deployment.id, change: deployment.change },
    });
    void cache.invalidateQueries({ queryKey: keys.stack(stack) });
  };
  const save = useMutation({
    mutationFn: () =>
      tagged(
        client.PATCH("/api/v1/stacks/{stack}/stages/{stage}/variables/{kind}", {
          params: { path: { stack, stage, kind }, header: { "If-Match": etag } },
          body: mergeOf(known, draft),
        }),
      ),
    onSuccess: ({ value, etag: next }) => {
      cache.setQueryData(variables(stack, stage, kind).queryKey, { value: value.variables, etag: next });
      setDraft({});
      setRound((old) => old + 1);
      told(value);
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) {
        setBegun(""); // what they saved is shown as news
        void base.refetch();
      }
    },
  });

  const replace = (next: Draft) => {
    if (!dirty) setBegun(etag);
    setNote(undefined);
    if (!save.isIdle) save.reset();
    setDraft(next);
  };
  return {
    base,
    known,
    draft,
    rows,
    dirty,
    problem: problemOf(rows),
    moved: dirty && begun !== etag,
    note,
    save,
    told,
    replace,
    set: (name: string, edit: Edit) => replace({ ...draft, [name]: edit }),
    undo: (name: string) => replace(Object.fromEntries(Object.entries(draft).filter(([one]) => one !== name))),
    /** Grows when the edits are done with, so that open editors close. */
    round,
    discard: () => {
      setDraft({});
      setRound((old) => old + 1);
      save.reset();
    },
  };
}
