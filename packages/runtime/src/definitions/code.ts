import type { Manifest, ModuleInfo } from "@perdure/protocol";
import { textFingerprint } from "../values/fingerprint.ts";
import type { Settings } from "../config/settings.ts";
import { processWide } from "../process-wide.ts";
import type { Definition } from "./definition.ts";
import { moduleKey, modules, revision } from "./registry.ts";

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

  /** The part of the manifest about this code, as it is recorded. */
  get text(): string {
    return (this.ownText ??= JSON.stringify({ version: 1, modules: this.modules } satisfies Manifest));
  }
}

/** The code of each workflow's module, and the revision of `modules` for which it was made. */
const codes = processWide("codes", () => new WeakMap<ModuleInfo, { readonly revision: number; readonly code: Code }>());

/** The code of a workflow as it is loaded now. */
export function codeOf({ module }: Definition): Code {
  const made = codes.get(module);
  if (made?.revision === revision.count) return made.code;
  const code = make(module);
  codes.set(module, { revision: revision.count, code });
  return code;
}

// the module may have been evaluated again since, but the function that is called belongs to this one
const make = (module: ModuleInfo): Code => codeFrom(module, (file) => modules.get(moduleKey({ ...module, file })));

/** @param find - another module of the same program, by file */
export function codeFrom(module: ModuleInfo, find: (file: string) => ModuleInfo | undefined): Code {
  const found = new Map<string, ModuleInfo | undefined>([[module.file, module]]);
  for (const info of found.values())
    for (const file of info?.imports ?? []) if (!found.has(file)) found.set(file, find(file));
  const hashes = [...found.values()].map((info) => info?.hash ?? "").sort();
  const loaded = [...found.values()].filter((info) => info !== undefined).sort((a, b) => (a.file < b.file ? -1 : 1));
  return new Code(textFingerprint(hashes.join(" ")), loaded);
}

/** A stopped run would stop again while this key is the same. It consists of the code and of the options about changes of code. */
export function blockKey(code: Code, { renames, lostSteps, nondeterminism }: Settings): string {
  const declared = [
    ...renames.texts,
    ...(lostSteps === "report" ? ["lostSteps"] : []),
    ...(nondeterminism === "report" ? ["nondeterminism"] : []),
  ];
  return declared.length === 0 ? code.fingerprint : textFingerprint([code.fingerprint, ...declared].join("\n"));
}
