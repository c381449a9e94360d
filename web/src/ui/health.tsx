import { Badge } from "@mantine/core";
import { IconStethoscope } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "react-router-dom";
import { findings } from "@/api/queries";
import { plural } from "@/lib/words";

const kAfter = 3000; // ms: to look takes the server half a second, which belongs to the page that is opened

/** For admins: that something is wrong with the server or its machine, and the way to what. Nothing when all is well. */
export function Health() {
  const [later, setLater] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLater(true), kAfter);
    return () => window.clearTimeout(timer);
  }, []);
  // No event tells of a full disk: it is looked at when one comes back to the tab, at most once a minute.
  const { data } = useQuery({ ...findings(), enabled: later, staleTime: 60_000, refetchOnWindowFocus: true });
  const count = data?.items.filter((one) => one.severity === "problem").length ?? 0;
  if (count === 0) return null;
  return (
    <Badge
      component={Link}
      to="/doctor"
      color="red"
      variant="light"
      tt="none"
      leftSection={<IconStethoscope size={13} aria-hidden />}
      style={{ cursor: "pointer" }}
    >
      {plural(count, "problem")}
    </Badge>
  );
}
