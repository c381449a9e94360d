import { Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router-dom";
import { ApiError } from "./api/client";
import { me } from "./api/queries";
import { Problem } from "./ui/answers";
import { Guard, page } from "./ui/guard";
import { Shell } from "./ui/shell";

// Every page is a file of its own, loaded when it is opened; the stack's pipeline, where people live, comes first.
const Stacks = page(() => import("./pages/stacks/stacks"), "/");
const Pipeline = page(() => import("./pages/pipeline/pipeline"), "/stacks/:stack");
const Approvals = page(() => import("./pages/approvals/approvals"));
const Approval = page(() => import("./pages/approvals/approval"));
const Deployment = page(() => import("./pages/deployment/deployment"));
const Comparison = page(() => import("./pages/comparison/comparison"));
const Change = page(() => import("./pages/change/change"));
const History = page(() => import("./pages/history/history"));
const Logs = page(() => import("./pages/logs/logs"));
const Monitoring = page(() => import("./pages/monitoring/monitoring"));
const Insights = page(() => import("./pages/insights/insights"));
const Activity = page(() => import("./pages/activity/activity"));
const Settings = page(() => import("./pages/settings/settings"));
const Regions = page(() => import("./pages/regions/regions"));
const Tokens = page(() => import("./pages/tokens/tokens"));
const Doctor = page(() => import("./pages/doctor/doctor"));
const SignIn = page(() => import("./pages/sign-in/sign-in"));
const Lost = page(() => import("./pages/lost/lost"));

const waiting = (
  <Center mih="40vh">
    <Loader role="status" aria-label="Loading" />
  </Center>
);

export function App() {
  const who = useQuery(me());
  const here = useLocation();
  if (who.isPending) return <Center mih="100vh">{<Loader role="status" aria-label="Loading" />}</Center>;
  const signedOut = who.data === null || (who.error instanceof ApiError && who.error.status === 401);
  if (signedOut) {
    const back = here.pathname === "/sign-in" ? "/" : here.pathname + here.search;
    return (
      <Suspense fallback={waiting}>
        <Routes>
          <Route path="/sign-in" element={<SignIn />} />
          <Route path="*" element={<Navigate to="/sign-in" replace state={{ back }} />} />
        </Routes>
      </Suspense>
    );
  }
  if (!who.data) {
    return (
      <Center mih="100vh" p="md">
        <Problem error={who.error} title="The server does not answer" retry={() => void who.refetch()} />
      </Center>
    );
  }
  return (
    <Shell me={who.data}>
      <Guard at={here.pathname}>
        <Suspense fallback={waiting}>
          <Routes>
            <Route path="/" element={<Stacks />} />
            <Route path="/sign-in" element={<Navigate to="/" replace />} />
            <Route path="/approvals" element={<Approvals />} />
            <Route path="/activity" element={<Activity />} />
            <Route path="/regions" element={<Regions />} />
            <Route path="/tokens" element={<Tokens />} />
            <Route path="/doctor" element={<Doctor />} />
            <Route path="/stacks/:stack" element={<Pipeline />} />
            <Route path="/stacks/:stack/history" element={<History />} />
            <Route path="/stacks/:stack/activity" element={<Activity />} />
            <Route path="/stacks/:stack/insights" element={<Insights />} />
            <Route path="/stacks/:stack/settings" element={<Settings />} />
            <Route path="/stacks/:stack/settings/:stage" element={<Settings />} />
            <Route path="/stacks/:stack/settings/:stage/:part" element={<Settings />} />
            <Route path="/stacks/:stack/changes/:change" element={<Change />} />
            <Route path="/stacks/:stack/deployments/:deployment" element={<Deployment />} />
            <Route path="/stacks/:stack/deployments/:deployment/comparison" element={<Comparison />} />
            <Route path="/stacks/:stack/stages/:stage/approval" element={<Approval />} />
            <Route path="/stacks/:stack/stages/:stage/logs" element={<Logs />} />
            <Route path="/stacks/:stack/stages/:stage/monitoring" element={<Monitoring />} />
            <Route path="*" element={<Lost />} />
          </Routes>
        </Suspense>
      </Guard>
    </Shell>
  );
}
