import { PageHead } from "@/ui/page";

export default function Stacks() {
  return <PageHead title="Stacks" />;
}
