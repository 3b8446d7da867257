import type { Compiler as RspackCompiler } from "@rspack/core";
import type { Compiler as WebpackCompiler } from "webpack";
import type { Session } from "../session/session.ts";
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

// taps `afterEnvironment`, when plugins have been applied and the target is known
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
