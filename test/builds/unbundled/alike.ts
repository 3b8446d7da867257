import { createLocator } from "../../../packages/compiler/src/diagnostics/diagnostic.ts";
import ts from "typescript";
import { compile } from "unplugin-perdure";
import { expect } from "vitest";
import { App } from "./app.ts";
import { inJavaScript, program, reported, type Files, type Report } from "./program.ts";
import type { Row } from "./rows.ts";

/** The application of the row, built. */
export async function built(row: Row): Promise<App> {
  const app = await App.create(row.node, { ...(row.program ?? program), ...row.files }, row.tools);
  await row.build?.(app);
  return app;
}

export const start = (app: App, row: Row, store: string, env: Files = {}): ReturnType<App["run"]> =>
  app.run(["--enable-source-maps", ...row.args], { PERDURE_STORE: `sqlite:${store}`, ...env });

/** Expects the same result, step ids, locations and manifest as when each file is compiled by itself, without a tool. */
export async function expectAlike(row: Row): Promise<{ readonly app: App; readonly modules: Report["modules"] }> {
  const files = row.program ?? program;
  const app = await built(row);
  const output = await start(app, row, app.path("perdure.db")).exits(0);
  const { stack, ...report } = await reported(output, app.path("perdure.db"));
  expect(report).toEqual(await compiledDirectly(files));
  const place = placeOfThrow(files);
  if (place !== undefined) expect(stack.replace(/^.*?(?=\/)(?:\/\/(?=\/))?|\)$/g, "")).toBe(app.path(place));
  return { app, modules: report.modules };
}

const direct = new Map<Files, Promise<Omit<Report, "stack">>>();

export function compiledDirectly(files: Files): Promise<Omit<Report, "stack">> {
  const before = direct.get(files);
  const report = before ?? runCompiled(files);
  direct.set(files, report);
  return report;
}

async function runCompiled(files: Files): Promise<Omit<Report, "stack">> {
  const app = await App.create(20, files);
  const sources = Object.entries(files).filter(([name]) => name.startsWith("src/") && !name.endsWith(".d.ts"));
  const compiled = sources.map(([name, text]) => [
    name,
    compile(text, { id: app.path(name), root: app.root })?.code ?? text,
  ]);
  for (const [name, text] of Object.entries(inJavaScript(Object.fromEntries(compiled), ts.ModuleKind.ESNext)))
    app.write(name.replace("src/", "dist/"), text);
  const output = await app.run(["dist/main.js"], { PERDURE_STORE: `sqlite:${app.path("direct.db")}` }).exits(0);
  const { result, modules, steps } = await reported(output, app.path("direct.db"));
  return { result, modules, steps };
}

function placeOfThrow(files: Files): string | undefined {
  const [name, text = ""] = Object.entries(files).find(([, each]) => each.includes("new RangeError(")) ?? [];
  return name && `${name}:${createLocator(text)(text.indexOf("new RangeError(")).join(":")}`;
}
