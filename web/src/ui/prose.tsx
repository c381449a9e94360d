import { Code } from "@mantine/core";

/** A sentence of the server's, with what it names between backticks set as code. */
export function Prose({ text }: { text: string }) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return <>{text}</>; // one without its other
  return <>{parts.map((part, i) => (i % 2 ? <Code key={i}>{part}</Code> : part))}</>;
}
