import { PageHead } from "@/ui/page";

export default function Logs() {
  return <PageHead title="Logs" />;
}
