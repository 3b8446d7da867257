import type { Compiler as RspackCompiler } from "@rspack/core";
import type { Compilation, Compiler as WebpackCompiler, Module } from "webpack";
import { formatDiagnostic, type Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Session } from "../session/session.ts";
import { connections, inverse, type Importers } from "./graph.ts";
import { name } from "./name.ts";

/** The part of the compiler that webpack and Rspack share. */
interface WebpackLike {
  readonly context: string;
  readonly platform: { readonly web?: boolean | null; readonly node?: boolean | null };
  readonly options: { readonly output: { readonly module?: boolean } };
}

/** A target that is both web and Node (an Electron renderer) may run workflows. */
function targetOf({ context, platform }: WebpackLike, session: Session): void {
  session.rootedAt(context);
  session.forBrowser = platform.web === true && platform.node !== true;
}

/** In builds for Node, the runtime is external: its database driver is native and cannot be bundled. */
const externals = ({ platform, options }: WebpackLike): [type: "module" | "commonjs", request: RegExp] | undefined =>
  platform.node === true ? [options.output.module === true ? "module" : "commonjs", /^perdure(?:\/|$)/] : undefined;

interface Asset {
  readonly name: string;
  readonly source: { source(): string | Buffer };
}

/** A development build leaves unused code in its output, so there a module with durable functions is refused for any import of it. */
function leftIn(assets: readonly Asset[], session: Session, importers: () => Importers): Error[] {
  const scripts = assets.filter(({ name: file }) => /\.[cm]?js$/.test(file));
  const texts = scripts.map(({ source }) => source.source().toString());
  return session.leftInBrowser(texts, importers).map(asError);
}

const asError = (diagnostic: Diagnostic): Error => new Error(formatDiagnostic(diagnostic));

const moduleOf = (error: Error, { webpack }: WebpackCompiler): Module | undefined =>
  error instanceof webpack.WebpackError ? (error.module ?? undefined) : undefined;

/** The files of the modules that have failed, and of those that import them. */
function failed({ errors, moduleGraph, compiler }: Compilation): Set<string> {
  const files = new Set<string>();
  for (const error of errors)
    for (let module = moduleOf(error, compiler); module; module = moduleGraph.getIssuer(module) ?? undefined) {
      const file = module.nameForCondition();
      if (file !== null && files.has(file)) break;
      if (file !== null) files.add(file);
    }
  return files;
}

// taps `afterEnvironment`, when plugins have been applied and the target is known
export function webpackSetup(compiler: WebpackCompiler, session: Session): void {
  compiler.hooks.afterEnvironment.tap(name, () => {
    targetOf(compiler, session);
    const external = externals(compiler);
    if (external) new compiler.webpack.ExternalsPlugin(...external).apply(compiler);
  });
  const stage = compiler.webpack.Compilation.PROCESS_ASSETS_STAGE_REPORT;
  compiler.hooks.thisCompilation.tap(name, (compilation) =>
    compilation.hooks.processAssets.tap({ name, stage }, () => {
      if (!session.forBrowser) return;
      const importers = (): Importers => inverse(connections(compilation));
      const left = leftIn(compilation.getAssets(), session, importers);
      const files = failed(compilation);
      const reasons = left.length > 0 ? [] : session.inFailedBrowserBuild((path) => files.has(path), importers);
      compilation.errors.push(...left, ...reasons.map(asError));
    }),
  );
}

export function rspackSetup(compiler: RspackCompiler, session: Session): void {
  compiler.hooks.afterEnvironment.tap(name, () => {
    targetOf(compiler, session);
    const external = externals(compiler);
    if (external) new compiler.rspack.ExternalsPlugin(...external).apply(compiler);
  });
  const stage = compiler.rspack.Compilation.PROCESS_ASSETS_STAGE_REPORT;
  compiler.hooks.thisCompilation.tap(name, (compilation) =>
    compilation.hooks.processAssets.tap({ name, stage }, () => {
      if (!session.forBrowser) return;
      const importers = (): Importers => inverse(session.importEdges());
      compilation.errors.push(...leftIn(compilation.getAssets(), session, importers));
    }),
  );
}
