/** Prints what the compiler takes for a project of so many files: node --expose-gc monorepo.mjs [COUNT] */
import { rollupPlugin, vitePlugin } from "./compiler-workloads.mjs";
import { directory, time } from "./raw.mjs";
import { projectSources, writeProject } from "./sources.mjs";

const root = directory();
const files = writeProject(root, projectSources(Number(process.argv[2] ?? 5000)));
const memory = () => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapUsed: heapUsed / 1e6, rss: rss / 1e6 };
};
const before = memory();
const kept = [];
for (const [what, plugin] of [
  ["build", await rollupPlugin(root)],
  ["server", await vitePlugin(root)],
]) {
  await plugin.start?.();
  const taken = await time(async () => {
    for (const { file, text } of files) await plugin.transform(text, file);
    await plugin.end?.(files);
  });
  kept.push(plugin);
  const { heapUsed, rss } = memory();
  console.log(
    `${what}: ${taken.toFixed(0)} ms, heap ${(heapUsed - before.heapUsed).toFixed(0)} MB, resident ${rss.toFixed(0)} MB (${before.rss.toFixed(0)} before)`,
  );
}
if (kept.length === 0) process.exitCode = 1;
