import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import { Empty } from "@/ui/answers";
import { PageHead } from "@/ui/page";

export default function Lost() {
  return (
    <>
      <PageHead title="Not found" />
      <Empty
        icon={IconMapOff}
        title="There is no such page"
        action={
          <Button component={Link} to="/">
            To the stacks
          </Button>
        }
      >
        The address may be mistyped, or what it named is gone.
      </Empty>
    </>
  );
}
