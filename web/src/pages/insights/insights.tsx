import { PageHead } from "@/ui/page";

export default function Insights() {
  return <PageHead title="Insights" />;
}
