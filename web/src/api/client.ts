import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Stack = Schemas["Stack"];
export type Stage = Schemas["Stage"];
export type Change = Schemas["Change"];
export type Deployment = Schemas["Deployment"];
export type Comparison = Schemas["Comparison"];
export type Step = Schemas["Step"];
export type Approval = Schemas["Approval"];
export type ApprovalDetail = Schemas["ApprovalDetail"];
export type Finding = Schemas["Finding"];
export type Event = Schemas["Event"];
export type Me = Schemas["Me"];
export type Role = Schemas["Role"];
export type Problem = Schemas["Problem"];

/** What the server refused, in its own words (RFC 9457), or status 0 when no server answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    detail: string,
    readonly fields: { field: string; message: string }[] = [],
  ) {
    super(detail);
  }
  /** The sentence for a field of a form, when the server objected to it. */
  field(name: string): string | undefined {
    return this.fields.find((one) => one.field === name)?.message;
  }
}

const unreachable = (method: string) =>
  new ApiError(
    0,
    "unavailable",
    method === "GET"
      ? "The server does not answer. It is asked again as soon as it does."
      : "The server does not answer. What you did may not have arrived; look before you repeat it.",
  );

let onAnswered = (_event: string, _asked: number) => {};
/** Called for each answer with the event that it is no older than, and when it was asked for (by performance.now()). */
export const whenAnswered = (then: (event: string, asked: number) => void) => (onAnswered = then);

/** As fetch, but what comes of a server that is away is an ApiError, too. */
async function reach(request: Request): Promise<Response> {
  const asked = performance.now();
  try {
    const answer = await fetch(request);
    const event = answer.headers.get("Sluice-Event-ID");
    if (event) onAnswered(event, asked);
    return answer;
  } catch (broken) {
    if (broken instanceof DOMException && broken.name === "AbortError") throw broken;
    throw unreachable(request.method);
  }
}

/** Called when a request is answered with 401: the session is over. */
let onSignedOut = () => {};
export const whenSignedOut = (then: () => void) => (onSignedOut = then);

/** Any string that is not used twice; `randomUUID` is only there under TLS and on localhost. */
const onceKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

const headers: Middleware = {
  onRequest(request) {
    if (request.method !== "GET") {
      request.headers.set("X-Sluice", "1");
      if (request.method === "POST") request.headers.set("Idempotency-Key", onceKey());
    }
    return request;
  },
};

export const client = createClient<paths>({ credentials: "same-origin", fetch: reach });
client.use(headers);

export function toError(status: number, body: unknown): ApiError {
  const problem = (body ?? {}) as Partial<Problem>;
  if (status === 401) onSignedOut();
  return new ApiError(
    status,
    problem.kind ?? "failed",
    problem.detail ?? `The server answered with status ${status} and no explanation.`,
    problem.errors ?? [],
  );
}

/** The answer's body, or an ApiError: `await told(client.GET("/api/v1/stacks", …))`. */
export async function told<T>(
  request: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  const answer = await request;
  if (!answer.response.ok) throw toError(answer.response.status, answer.error);
  return (answer.data ?? {}) as NonNullable<T>;
}
