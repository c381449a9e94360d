export interface Destination {
  keys: string;
  name: string;
  to: string;
}

/** Where `g` and another key lead; within a stack also to its parts. */
export function destinations(stack?: string): Destination[] {
  const everywhere = [
    { keys: "g s", name: "Stacks", to: "/" },
    { keys: "g a", name: "Approvals", to: "/approvals" },
    { keys: "g v", name: "Activity", to: "/activity" },
  ];
  if (!stack) return everywhere;
  const root = `/stacks/${stack}`;
  return [
    ...everywhere,
    { keys: "g p", name: `${stack}: Pipeline`, to: root },
    { keys: "g h", name: `${stack}: History`, to: `${root}/history` },
    { keys: "g c", name: `${stack}: Activity`, to: `${root}/activity` },
    { keys: "g i", name: `${stack}: Insights`, to: `${root}/insights` },
    { keys: "g e", name: `${stack}: Settings`, to: `${root}/settings` },
  ];
}

/** Whether keys pressed there are text or move within a control, and so are no shortcuts. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as (Partial<HTMLElement> & EventTarget) | null;
  if (!element?.tagName) return false;
  return element.isContentEditable === true || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
}
