import { toError } from "./client";
import { type Sent, SseParser } from "./sse";

/**
 * Reads one event stream until it ends or is aborted. EventSource would not do: it hides why a stream was refused, and
 * wants every name of an event in advance. Throws an ApiError when the server refuses, a TypeError when it is away.
 */
export async function readStream(
  path: string,
  lastId: string,
  signal: AbortSignal,
  opened: () => void,
  take: (sent: Sent) => void,
): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const answer = await fetch(path, { headers, signal, credentials: "same-origin", cache: "no-store" });
  if (!answer.ok || !answer.body) throw toError(answer.status, await answer.json().catch(() => ({})));
  opened();
  const parser = new SseParser();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const sent of parser.feed(value)) take(sent);
  }
}
