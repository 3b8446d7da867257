/** Workflow DevKit on its local world, in one process without HTTP, as its own Vitest plugin has it: see program.mjs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BaseBuilder, createBaseBuilderConfig } from "@workflow/builders";
import { getRun, setWorld, start } from "@workflow/core/runtime";
import { createLocalWorld } from "@workflow/world-local";
import { program } from "./program.mjs";

const built = join(import.meta.dirname, "built");

class Builder extends BaseBuilder {
  constructor() {
    super({
      ...createBaseBuilderConfig({ workingDir: import.meta.dirname, dirs: ["workflows"] }),
      buildTarget: "next",
    });
  }

  async build() {
    const inputFiles = await this.getInputFiles();
    mkdirSync(built, { recursive: true });
    const shared = { format: "esm", inputFiles };
    await this.createWorkflowsBundle({ ...shared, outfile: join(built, "workflows.mjs"), bundleFinalOutput: false });
    const steps = { ...shared, outfile: join(built, "steps.mjs"), externalizeNonSteps: true };
    return this.createStepsBundle({ ...steps, bundleTransitiveLocalStepDependencies: true });
  }
}

if (!existsSync(join(built, "steps.mjs"))) await new Builder().build();
const handlers = await Promise.all(["workflows", "steps"].map((name) => import(join(built, `${name}.mjs`))));

await program(async (directory) => {
  const [flag, id] = ["dies", "run"].map((name) => join(directory, name));
  process.env.BENCH_DIES = flag;
  const world = createLocalWorld({ dataDir: join(directory, "data") });
  world.registerHandler("__wkf_workflow_", handlers[0].POST);
  world.registerHandler("__wkf_step_", handlers[1].POST);
  setWorld(world);
  await world.start?.();
  const begin = (steps) => start({ workflowId: "workflow//./workflows/sequential//sequential" }, [steps]);
  return {
    run: async (_id, steps) => (await begin(steps)).returnValue,
    async record(_id, steps) {
      writeFileSync(flag, "");
      const run = await begin(steps);
      writeFileSync(id, run.runId);
      return run.returnValue;
    },
    // `start` of the world takes it up
    resume: () => getRun(readFileSync(id, "utf8")).returnValue,
    close: () => world.close(),
  };
});
