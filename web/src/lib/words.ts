/** "1 instance", "3 instances". */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The first seven digits of a commit's hash. */
export const short = (commit: string): string => commit.slice(0, 7);

/** The first line of a commit's message, or words for one that has none. */
export const headline = (message: string | undefined): string => message?.split("\n", 1)[0]?.trim() || "(no message)";
