import { PageHead } from "@/ui/page";

export default function Pipeline() {
  return <PageHead title="Pipeline" />;
}
