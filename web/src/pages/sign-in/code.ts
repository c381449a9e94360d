/**
 * The one-time code that the server's first-start link carries behind its '#', where no server and no log sees it. Never
 * a token: a link must not sign anybody in as somebody else.
 */
export function codeOf(hash: string): string | undefined {
  return /^#code=([A-Za-z0-9-]{8,64})$/.exec(hash)?.[1]; // a token has a '_'
}

/** What is sent for what was typed: a token says that it is one, everything else is taken for a code. */
export const credentials = (typed: string) => (typed.startsWith("slc_") ? { token: typed } : { code: typed });
