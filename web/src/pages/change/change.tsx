import { PageHead } from "@/ui/page";

export default function Change() {
  return <PageHead title="Change" />;
}
