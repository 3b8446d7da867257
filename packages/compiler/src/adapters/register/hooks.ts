import type { CompiledFile, Files } from "./files.ts";

/**
 * The part of a load hook's context that is used here. Node uses `source`, if present, as the text of the file and passes it to the next
 * hooks.
 */
interface LoadContext {
  readonly format?: string | null | undefined;
  readonly source?: string | ArrayBuffer | NodeJS.ArrayBufferView | null | undefined;
}

interface Loaded {
  readonly format?: string | null | undefined;
  readonly source?: LoadContext["source"];
  /** If true, Node only extracts the names of the exports from `source`, and runs the module through `require`. */
  readonly shouldBeReloadedByCJSLoader?: boolean;
}

export type LoadSync = (
  url: string,
  context: LoadContext,
  next: (url: string, context: LoadContext) => Loaded,
) => Loaded;

const textOf = (source: LoadContext["source"]): string | undefined =>
  source === null || source === undefined || typeof source === "string"
    ? (source ?? undefined)
    : new TextDecoder().decode(source);

const isCommonJs = ({ format }: LoadContext): boolean => format?.startsWith("commonjs") === true;

function compiled(files: Files, url: string, context: LoadContext): CompiledFile | undefined {
  const path = files.pathOf(url);
  return path === undefined ? undefined : files.compile(path, isCommonJs(context), textOf(context.source));
}

function verify({ source }: Loaded, file: CompiledFile): void {
  const text = textOf(source);
  if (text !== undefined) file.verify(text);
}

/**
 * Passes the compiled text to the hooks registered earlier and to Node itself. So whichever of them strips the types receives compiled
 * TypeScript, in every order of registration.
 *
 * @throws PerdureError if the result was not made from the compiled text
 */
export function createLoadSync(files: Files): LoadSync {
  return (url, context, next) => {
    const file = compiled(files, url, context);
    const loaded = next(url, file ? { ...context, source: file.text } : context);
    // Node 22 cannot `require` a package of several ES modules from TypeScript that is run in another way
    if (loaded.format === "commonjs-typescript") return { ...loaded, shouldBeReloadedByCJSLoader: true };
    if (file && loaded.shouldBeReloadedByCJSLoader !== true) verify(loaded, file);
    return loaded;
  };
}

/** The same for the hooks thread of a Node version without synchronous hooks. There, CommonJS modules are loaded in the main thread. */
export async function loadAsync<C extends LoadContext, L extends Loaded>(
  files: Files,
  url: string,
  context: C,
  next: (url: string, context: C) => L | Promise<L>,
): Promise<L> {
  const file = isCommonJs(context) ? undefined : compiled(files, url, context);
  const loaded = await next(url, file ? { ...context, source: file.text } : context);
  if (file && !isCommonJs(loaded)) verify(loaded, file);
  return loaded;
}
