import type { BuildOptions } from "esbuild";

/** The files of a small program. */
export const shop = {
  "src/tasks.ts": `import { appendFileSync } from "node:fs";
export async function charge(card: string): Promise<string> {
  "use task";
  appendFileSync(process.env["EFFECTS"] ?? "", "charge " + card + "\\n");
  return "charged " + card;
}
`,
  "src/order.ts": `import { sleep } from "perdure";
import { charge } from "./tasks.ts";
export async function order(id: string): Promise<string> {
  "use workflow: id=order-{id}";
  await sleep(1);
  return charge(id);
}
`,
  "src/main.ts": `import { close, start } from "perdure";
import { order } from "./order.ts";
void start(order, ["17"]).then((run) => run.result()).then(console.log, (error: unknown) => console.error(String(error))).then(close);
`,
};

/** The esbuild options that build it. */
export const bundled = (root: string, more: BuildOptions = {}): BuildOptions => ({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  bundle: true,
  platform: "node",
  format: "esm",
  external: ["perdure"],
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  logLevel: "silent",
  ...more,
});
