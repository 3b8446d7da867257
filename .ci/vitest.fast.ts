/** The tests that need no build and together take less than a minute: npm run test:fast */
import { configDefaults, mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";

const startsPrograms = [
  "test/{builds,cli,frameworks,inspector,packages,processes,real-code,restate,simulation,stacks}/**",
  "test/docs/{diagnostics,without-a-bundler}.test.ts",
  "test/editors/typescript-plugin.test.ts",
  "test/errors/bad-input.test.ts",
  "test/ids/live-edits.test.ts",
  "test/runtime/reload.test.ts",
  "packages/ai/test/{chat,kills,mcp}.test.ts",
  "packages/compiler/test/check/{built,plugin}.test.ts",
  "playground/**",
];

const takesLong = [
  "packages/compiler/test/text/**",
  "packages/postgres/test/{conformance,equivalence,faults,pairs,pglite}.test.ts",
  "test/concurrency/**",
  "test/check/codec.test.ts",
  "test/docs/check.test.ts",
  "test/ids/renames.property.test.ts",
  "test/postgres/crashes.test.ts",
  "test/runtime/resilience.test.ts",
  "test/shapes/random.test.ts",
  "test/streams/model.test.ts",
];

export default mergeConfig(base, {
  test: {
    exclude: [...configDefaults.exclude, ...startsPrograms, ...takesLong],
  },
});
