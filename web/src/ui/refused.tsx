import { IconInfoCircle } from "@tabler/icons-react";
import { ApiError } from "@/api/client";
import { Problem } from "./answers";
import { Notice } from "./notice";

/** Why an act was not done. That things have moved on (409) is news, not a failure. */
export function Refused({ error }: { error: unknown }) {
  if (!(error instanceof ApiError) || error.status !== 409) return <Problem error={error} />;
  return (
    <Notice color="blue" icon={<IconInfoCircle />} title="Things have moved on" role="status">
      {error.message}
    </Notice>
  );
}
