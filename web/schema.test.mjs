import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

test("src/api/schema.d.ts is what `npm run schema` makes of the server's document", () => {
  const program = here("node_modules/openapi-typescript/bin/cli.js");
  const made = execFileSync(process.execPath, [program, here("../src/api/openapi.json")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  expect(readFileSync(here("src/api/schema.d.ts"), "utf8") === made, "stale: run `npm run schema` in web/").toBe(true);
}, 60_000);
