import { Box, Code } from "@mantine/core";
import { Copy } from "./copy";

/** Lines to type in a shell, all copied at once. */
export function Commands({ lines, what = "Copy the commands" }: { lines: string[]; what?: string }) {
  return (
    <Box pos="relative">
      <Code block pr={40} tabIndex={0} aria-label="Commands" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {lines.join("\n")}
      </Code>
      <Box pos="absolute" top={6} right={6}>
        <Copy value={lines.join("\n") + "\n"} what={what} size="md" />
      </Box>
    </Box>
  );
}

/** How to push to a stack's repository for the first time. The credential helper keeps the token out of addresses. */
export function pushCommands(gitUrl: string, branch: string): string[] {
  const server = new URL(gitUrl).origin;
  return [
    `git config credential.${server}.helper '!sluice git-credential'`,
    `git remote add sluice ${gitUrl}`,
    `git push sluice ${branch === "main" ? "main" : `HEAD:${branch}`}`,
  ];
}
