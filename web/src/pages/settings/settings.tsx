import { PageHead } from "@/ui/page";

export default function Settings() {
  return <PageHead title="Settings" />;
}
