import type { Manifest, ModuleInfo } from "@perdure/protocol";
import { textFingerprint } from "../values/fingerprint.ts";
import type { Settings } from "../execution/host.ts";
import { moduleKey, registry, type Definition } from "./registry.ts";

/** The code that a workflow runs with: its module and the compiled modules that it imports, directly or not. */
export class Code {
  /** The same for the same code, whatever its layout and comments. */
  readonly fingerprint: string;
  readonly modules: readonly ModuleInfo[];
  private ownText: string | undefined;

  constructor(fingerprint: string, modules: readonly ModuleInfo[]) {
    this.fingerprint = fingerprint;
    this.modules = modules;
  }

  /** As it is recorded: the part of the manifest that is about it. */
  get text(): string {
    return (this.ownText ??= JSON.stringify({ version: 1, modules: this.modules } satisfies Manifest));
  }
}

/** Made once for each version of the modules; every run that begins or goes on asks for it. */
export function codeOf({ module }: Definition): Code {
  const made = registry.codes.get(module);
  if (made?.revision === registry.revision) return made.code;
  const code = make(module);
  registry.codes.set(module, { revision: registry.revision, code });
  return code;
}

function make(module: ModuleInfo): Code {
  // the module may have been evaluated again since: the function that is called belongs to this one
  const found = new Map<string, ModuleInfo | undefined>([[module.file, module]]);
  for (const info of found.values())
    for (const file of info?.imports ?? [])
      if (!found.has(file)) found.set(file, registry.modules.get(moduleKey({ ...module, file })));
  const hashes = [...found.values()].map((info) => info?.hash ?? "").sort();
  const modules = [...found.values()].filter((info) => info !== undefined).sort((a, b) => (a.file < b.file ? -1 : 1));
  return new Code(textFingerprint(hashes.join(" ")), modules);
}

/** What decides whether a run that was stopped would only stop again: the code, and what is declared about changes of code. */
export function blockKey(code: Code, { renames, lostSteps, nondeterminism }: Settings): string {
  const declared = [
    ...renames.texts,
    ...(lostSteps === "report" ? ["lostSteps"] : []),
    ...(nondeterminism === "report" ? ["nondeterminism"] : []),
  ];
  return declared.length === 0 ? code.fingerprint : textFingerprint([code.fingerprint, ...declared].join("\n"));
}
