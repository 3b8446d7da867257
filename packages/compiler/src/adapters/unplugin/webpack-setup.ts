import type { Compiler as RspackCompiler } from "@rspack/core";
import type { Compiler as WebpackCompiler } from "webpack";
import type { Session } from "../session/session.ts";
import { name } from "./name.ts";

/** What webpack and Rspack have in common. */
interface WebpackLike {
  readonly context: string;
  readonly platform: { readonly web?: boolean | null; readonly node?: boolean | null };
  readonly options: { readonly output: { readonly module?: boolean } };
}

/** Targets that are web and Node at once (an Electron renderer) may run workflows. */
function targetOf({ context, platform }: WebpackLike, session: Session): void {
  session.rootedAt(context);
  session.forBrowser = platform.web === true && platform.node !== true;
}

/** The runtime stays outside of a program for Node: its database driver is native and cannot be bundled. */
const externals = ({ platform, options }: WebpackLike): [type: "module" | "commonjs", request: RegExp] | undefined =>
  platform.node === true ? [options.output.module === true ? "module" : "commonjs", /^perdure(?:\/|$)/] : undefined;

// the target is known when plugins have been applied and defaults filled in
export function webpackSetup(compiler: WebpackCompiler, session: Session): void {
  compiler.hooks.afterEnvironment.tap(name, () => {
    targetOf(compiler, session);
    const external = externals(compiler);
    if (external) new compiler.webpack.ExternalsPlugin(...external).apply(compiler);
  });
}

export function rspackSetup(compiler: RspackCompiler, session: Session): void {
  compiler.hooks.afterEnvironment.tap(name, () => {
    targetOf(compiler, session);
    const external = externals(compiler);
    if (external) new compiler.rspack.ExternalsPlugin(...external).apply(compiler);
  });
}
