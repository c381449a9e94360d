import { PageHead } from "@/ui/page";

export default function Tokens() {
  return <PageHead title="Tokens" />;
}
