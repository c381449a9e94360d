import { expect, it } from "vitest";
import { inMegabytes, noResources, ofMegabytes, resourcesProblem } from "./resources";

it("takes what the server takes", () => {
  expect(resourcesProblem(noResources)).toBeUndefined();
  expect(resourcesProblem({ memory: ofMegabytes(512), cpu: 1500 })).toBeUndefined();
  expect(resourcesProblem({ memory: ofMegabytes(15), cpu: 0 })).toContain("Memory");
  expect(resourcesProblem({ memory: NaN, cpu: 0 })).toContain("Memory");
  expect(resourcesProblem({ memory: 0, cpu: 9 })).toContain("Processor");
  expect(resourcesProblem({ memory: 0, cpu: NaN })).toContain("Processor");
  expect(inMegabytes(ofMegabytes(512))).toBe(512);
});
