/** Why this cannot be the name of a stack or a stage (R1.1, R2.3: a DNS label), or undefined when it can. */
export function labelProblem(name: string): string | undefined {
  if (name === "") return "Give it a name.";
  if (/[A-Z]/.test(name)) return "Only lower-case letters.";
  if (/[^a-z0-9-]/.test(name)) return "Only a to z, 0 to 9 and “-”.";
  if (name.startsWith("-") || name.endsWith("-")) return "No “-” at either end.";
  return name.length > 32 ? "At most 32 characters." : undefined;
}

/** Why this cannot be a branch, or undefined when it can; the same cautious part of Git's rule as the server's. */
export function branchProblem(name: string): string | undefined {
  if (name === "") return "Name a branch.";
  if (name.length > 200) return "At most 200 characters.";
  const wrong =
    name === "HEAD" || /[^A-Za-z0-9._\-/+]/.test(name) || /^[-/.]/.test(name) || /[/.]$/.test(name) || /\.\.|\/\/|\/\.|\.lock(\/|$)/.test(name);
  return wrong ? "This cannot be the name of a branch." : undefined;
}
