import { PageHead } from "@/ui/page";

export default function History() {
  return <PageHead title="History" />;
}
