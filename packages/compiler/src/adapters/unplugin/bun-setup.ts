import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import { writeManifest } from "../session/manifest-file.ts";
import type { Session } from "../session/session.ts";
import { inverse } from "./graph.ts";
import { imports, inputs, isAlone } from "./metafile.ts";

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
      readonly outputs: readonly { readonly kind: string; text(): Promise<string> }[];
    }) => void | Promise<void>,
  ): void;
}

export function bunSetup({ config, target, ...build }: BunBuild, session: Session): void {
  session.forBrowser = (config ? (config.target ?? "browser") : target) === "browser";
  if (!config) return;
  config.metafile = true;
  session.typeCheck.start(session.root, false);
  build.onEnd?.(async ({ success, metafile, outputs }) => {
    if (!success || !metafile) return session.typeCheck.stop();
    const paths = inputs(metafile);
    const scripts = outputs.filter(({ kind }) => session.forBrowser && kind !== "sourcemap");
    const texts = await Promise.all(scripts.map((each) => each.text()));
    // must precede the manifest, which compiles the modules that were not loaded here
    const overlooked = isAlone(config.plugins) ? session.overlooked(paths, texts) : [];
    const file = session.emitManifest(paths);
    if (file && config.outdir !== undefined) writeManifest(file, config.outdir);
    const server = session.forBrowser ? [] : [...session.notFollowed(imports(metafile)), ...session.notCompiled(paths)];
    const left = session.leftInBrowser(texts, () => inverse(session.importEdges()));
    const found = [...overlooked, ...left, ...server, ...(await session.typeCheck.finish())];
    const [errors, warnings] = [
      found.filter(({ severity }) => severity === "error"),
      found.filter(({ severity }) => severity === "warning"),
    ];
    for (const each of warnings) console.warn(formatDiagnostic(each));
    if (errors.length > 0) throw new Error(errors.map(formatDiagnostic).join("\n\n"));
  });
}
