import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PerdureError } from "@perdure/protocol";
import type { Store } from "./contract.ts";

/** Where the store of a URL comes from. */
interface Source {
  readonly scheme: string;
  /** The package. */
  readonly name: string;
  /** What it exports: makes the store of a URL. */
  readonly make: string;
  readonly options: { readonly durability?: "full" | "normal" };
}

/** A store of another package, which is loaded when the store is opened: who has no such URL needs no such package. */
export function lazyStore(url: string, source: Source): Store {
  let loaded: Store | undefined;
  const name = withoutPassword(url);
  const own: Record<string | symbol, unknown> = {
    name,
    async open(...given: Parameters<Store["open"]>) {
      loaded ??= await load(url, source);
      return loaded.open(...given);
    },
    async migrate(...given: Parameters<NonNullable<Store["migrate"]>>) {
      loaded ??= await load(url, source);
      return loaded.migrate?.(...given);
    },
    close: () => loaded?.close(),
  };
  return new Proxy({} as Store, {
    has: () => true,
    get(_, key): unknown {
      if (key in own) return own[key];
      if (typeof key === "symbol" || key === "then") return undefined; // a store is no promise
      return (...args: unknown[]): unknown => {
        const method: unknown = loaded && Reflect.get(loaded, key);
        if (typeof method !== "function") throw new PerdureError("STORE_CLOSED", { name });
        return Reflect.apply(method, loaded, args);
      };
    },
  });
}

async function load(url: string, { scheme, name, make, options }: Source): Promise<Store> {
  const found = await importPackage(name).catch((cause: unknown) => {
    if (isMissing(cause, name)) throw new PerdureError("STORE_UNAVAILABLE", { scheme, package: name }, { cause });
    throw cause;
  });
  return (found[make] as (url: string, options: Source["options"]) => Store)(url, options);
}

/** A bundler must not look for the package, which need not be there. In a bundle, it is looked for from the folder of the program. */
async function importPackage(name: string): Promise<Record<string, unknown>> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Record<string, unknown>;
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    const path = createRequire(join(process.cwd(), "index.js")).resolve(name);
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ pathToFileURL(path).href)) as Record<
      string,
      unknown
    >;
  }
}

/** Whether this package was not found, and not one that it needs. */
const isMissing = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND") &&
  error.message.includes(`'${name}'`);

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  shown.search = "";
  return shown.href;
}
