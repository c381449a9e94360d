import { PageHead } from "@/ui/page";

export default function Approval() {
  return <PageHead title="Approval" />;
}
