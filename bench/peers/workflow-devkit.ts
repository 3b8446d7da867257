/** The measured workflow of workflow-devkit.mjs. Its process dies after the last step if the file `$BENCH_DIES` exists, but only once. */
async function step(index: number): Promise<{ index: number; text: string }> {
  "use step";
  return { index, text: "x".repeat(76) };
}

async function atEnd(): Promise<void> {
  "use step";
  const { existsSync, rmSync } = await import("node:fs");
  const flag = process.env["BENCH_DIES"] ?? "";
  if (!existsSync(flag)) return;
  rmSync(flag);
  process.kill(process.pid, "SIGKILL");
}

export async function sequential(steps: number): Promise<number> {
  "use workflow";
  let sum = 0;
  for (let index = 0; index < steps; index++) sum += (await step(index)).index;
  await atEnd();
  return sum;
}
