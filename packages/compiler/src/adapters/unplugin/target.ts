import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import type { JsPlugin } from "@farmfe/core";
import type { Compiler as RspackCompiler } from "@rspack/core";
import type { Plugin as RolldownPlugin } from "rolldown";
import type { Compiler as WebpackCompiler } from "webpack";
import { writeManifest } from "../session/manifest-file.ts";
import { inputs, isAlone } from "./metafile.ts";
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

/** Rolldown's own default depends on the output's format, which says little: only what is written down counts. */
export const rolldownHooks = (session: Session): Partial<RolldownPlugin> => ({
  options({ platform, cwd }) {
    session.rootedAt(cwd);
    session.forBrowser = platform === "browser";
  },
});

export const farmHooks = (session: Session): Partial<JsPlugin> => ({
  configResolved({ root, compilation }) {
    session.rootedAt(root);
    session.forBrowser = compilation?.output?.targetEnv?.startsWith("browser") ?? true;
  },
});

/** What is used of Bun, which has no types of its own here. */
interface BunBuild {
  /** Nothing for a plugin of Bun itself (`Bun.plugin`). */
  readonly config?: {
    readonly target?: string;
    readonly outdir?: string;
    metafile?: boolean;
    readonly plugins?: readonly { readonly name: string }[];
  };
  readonly target?: string;
  onEnd?(
    end: (result: {
      readonly success: boolean;
      readonly metafile?: { readonly inputs: object };
    }) => void | Promise<void>,
  ): void;
}

export function bunSetup({ config, target, ...build }: BunBuild, session: Session): void {
  session.forBrowser = (config ? (config.target ?? "browser") : target) === "browser";
  if (!config) return;
  config.metafile = true;
  session.typeCheck.start(session.root, false);
  build.onEnd?.(async ({ success, metafile }) => {
    if (!success || !metafile) return session.typeCheck.stop();
    const paths = inputs(metafile);
    // before the manifest: what has not come by is compiled for that
    const overlooked = isAlone(config.plugins) ? session.overlooked(paths) : [];
    const file = session.emitManifest(paths);
    if (file && config.outdir !== undefined) writeManifest(file, config.outdir);
    const found = [...overlooked, ...(await session.typeCheck.finish())];
    const [errors, warnings] = [
      found.filter(({ severity }) => severity === "error"),
      found.filter(({ severity }) => severity === "warning"),
    ];
    for (const each of warnings) console.warn(formatDiagnostic(each));
    if (errors.length > 0) throw new Error(errors.map(formatDiagnostic).join("\n\n"));
  });
}
