import { parseManifest, type Manifest } from "@perdure/protocol";
import { expect, test } from "vitest";
import { bundle, bundlers } from "./bundlers.ts";
import { project } from "./project.ts";

/** A program whose imports of `lib` begin with `lib`. */
const program = (lib: string): Readonly<Record<string, string>> => ({
  "src/main.ts": `import { order } from "${lib}/order.ts";\nvoid order("a");\n`,
  "lib/order.ts": `import { both } from "${lib}/help.ts";
import { stamp } from "${lib}/plain.ts";
export async function order(id: string): Promise<unknown> {
  "use workflow: id=order-{id}";
  return [stamp(), await Promise.all([3, 1, 2].map((n) => both(n)))];
}
`,
  "lib/help.ts": `async function slow(n: number): Promise<number> {
  "use task";
  return n;
}
export async function both(n: number): Promise<number> {
  return (await slow(n)) + (await slow(n));
}
`,
  "lib/plain.ts": `export const stamp = (): number => Date.now();\n`,
});

function build(bundler: (typeof bundlers)[number][1], lib: string): { manifest: Manifest; output: string } {
  const { status, output } = bundle(bundler, project(program(lib)), "src/main.ts", "node");
  expect(status, output).toBe(0);
  const text = /^manifest: (.*)$/m.exec(output)?.[1] ?? "";
  return { manifest: parseManifest(JSON.parse(text), "output"), output };
}

/** What step ids are made of. */
const identity = ({ modules }: Manifest): unknown =>
  modules.map(({ file, functions, sites, loops, imports }) => ({
    file,
    functions: functions.map(({ name, kind }) => [name, kind]),
    sites: sites.map(([name]) => name),
    loops,
    imports,
  }));

/** Bun gives its plugins no resolver. */
const withResolver = bundlers.filter(([, bundler]) => bundler !== "bun");

test.each(withResolver)(
  "%s: an alias of the bundler gives the same steps and clock reads as relative imports",
  (_, bundler) => {
    const [aliased, relative] = [build(bundler, "@lib"), build(bundler, "../lib")];
    expect(identity(aliased.manifest)).toEqual(identity(relative.manifest));
    expect(aliased.manifest.modules.map(({ file }) => file)).toContain("lib/plain.ts");
    expect(aliased.manifest.modules.find(({ file }) => file === "lib/order.ts")?.sites.map(([name]) => name)).toContain(
      "both",
    );
  },
);

const said = (target: string): RegExp =>
  new RegExp(`lib/order\\.ts imports lib/help\\.ts${target}[^]*\\(IMPORT_NOT_FOLLOWED\\)`);

/** The others show no modules that are not files to their plugins. */
const withVirtual = bundlers.filter(([, bundler]) => /^(?:rollup|rolldown|vite|esbuild|bun)$/.test(bundler));

test.each(withVirtual)("%s: an import through a virtual module is reported in the end", (_, bundler) => {
  const files = program("../lib");
  const order = files["lib/order.ts"]?.replace("../lib/help.ts", "virtual:help.ts") ?? "";
  const { output } = bundle(bundler, project({ ...files, "lib/order.ts": order }), "src/main.ts", "node");
  expect(output).toMatch(said(" through virtual:help\\.ts, and Perdure cannot follow this import"));
  expect(output).not.toContain("imports lib/plain.ts");
});

const withAutoImports = bundlers.filter(([, bundler]) => /^(?:rollup|rolldown|vite)$/.test(bundler));

test.each(withAutoImports)("%s: an import that another plugin adds is reported in the end", (_, bundler) => {
  const files = program("../lib");
  const order = files["lib/order.ts"]?.replace(/^import \{ both.*\n/, "").replace("both(n)", "auto$both(n)") ?? "";
  const { output } = bundle(bundler, project({ ...files, "lib/order.ts": order }), "src/main.ts", "node");
  expect(output).toMatch(said(", and Perdure cannot follow this import \\(another plugin adds or resolves it\\)"));
});

test("bun: an alias of another plugin is reported in the end", () => {
  const { output } = bundle("bun", project(program("@lib")), "src/main.ts", "node");
  expect(output).toMatch(said(", and Perdure cannot follow this import \\(another plugin adds or resolves it\\)"));
});
