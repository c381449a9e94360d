import { PageHead } from "@/ui/page";

export default function Deployment() {
  return <PageHead title="Deployment" />;
}
