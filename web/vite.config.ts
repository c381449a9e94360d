/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` speaks to a server that runs beside it: SLUICE_URL, as the CLI's.
const server = process.env.SLUICE_URL ?? "http://127.0.0.1:7420";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    target: "es2021",
    assetsInlineLimit: 0, // data: addresses are not allowed by the content security policy
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        // Few files: each is a request before the first page is drawn.
        manualChunks: (id) => (/node_modules\/(react|react-dom|react-router|react-router-dom|@remix-run|scheduler|@tanstack)\//.test(id) ? "base" : /node_modules\//.test(id) ? "kit" : undefined),
        experimentalMinChunkSize: 8000,
      },
    },
  },
  server: {
    // The server takes writes from its own pages only: the proxy speaks with its origin.
    proxy: Object.fromEntries(
      ["/api", "/healthz"].map((path) => [path, { target: server, changeOrigin: true, headers: { Origin: server } }]),
    ),
  },
  test: { include: ["src/**/*.test.{ts,tsx}", "*.test.mjs"], environment: "node" },
});
