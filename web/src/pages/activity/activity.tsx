import { PageHead } from "@/ui/page";

export default function Activity() {
  return <PageHead title="Activity" />;
}
