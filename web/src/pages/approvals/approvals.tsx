import { PageHead } from "@/ui/page";

export default function Approvals() {
  return <PageHead title="Approvals" />;
}
