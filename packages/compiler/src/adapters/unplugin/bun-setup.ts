import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import { writeManifest } from "../session/manifest-file.ts";
import type { Session } from "../session/session.ts";
import { inputs, isAlone } from "./metafile.ts";

/** The part of Bun's `PluginBuilder` that is used here. Bun's types are not installed. */
interface BunBuild {
  /** `undefined` for a plugin of the runtime (`Bun.plugin`). */
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
    // must precede the manifest, which compiles the modules that were not loaded here
    const overlooked = isAlone(config.plugins) ? session.overlooked(paths) : [];
    const file = session.emitManifest(paths);
    if (file && config.outdir !== undefined) writeManifest(file, config.outdir);
    const uncompiled = session.forBrowser ? [] : session.notCompiled(paths);
    const found = [...overlooked, ...uncompiled, ...(await session.typeCheck.finish())];
    const [errors, warnings] = [
      found.filter(({ severity }) => severity === "error"),
      found.filter(({ severity }) => severity === "warning"),
    ];
    for (const each of warnings) console.warn(formatDiagnostic(each));
    if (errors.length > 0) throw new Error(errors.map(formatDiagnostic).join("\n\n"));
  });
}
