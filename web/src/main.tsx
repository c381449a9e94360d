import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./global.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, matchPath } from "react-router-dom";
import { Cache } from "./api/cache";
import { ApiError, type Me, whenSignedOut } from "./api/client";
import { keys, me, stack, stacks } from "./api/queries";
import { App } from "./app";
import { theme, variables } from "./theme";
import { Guard } from "./ui/guard";

const cache = new Cache({
  defaultOptions: {
    queries: {
      staleTime: Infinity, // events make stale what has changed
      refetchOnWindowFocus: false,
      // A refusal is an answer; only a server that is away is asked again.
      retry: (failures, error) => (error instanceof ApiError && error.status > 0 ? false : failures < 3),
    },
  },
});
// What the first page shows is asked for together with who is asking.
void cache.prefetchQuery(me());
const first = matchPath("/stacks/:stack/*", window.location.pathname)?.params.stack;
if (first) void cache.prefetchQuery(stack(first));
else if (window.location.pathname === "/") void cache.prefetchQuery(stacks());
whenSignedOut(() => cache.setQueryData<Me | null>(keys.me(), null));

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={cache}>
        <BrowserRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
          <Notifications position="bottom-right" />
          <Guard at="">
            <App />
          </Guard>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
