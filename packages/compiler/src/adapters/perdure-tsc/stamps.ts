import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "./configs.ts";
import type { Emission } from "./emit.ts";

/** A path with the time and size of the file, or with "" if there was no file. */
type Trace = readonly [path: string, trace: string];

interface Stamp {
  readonly key: string;
  readonly inputs: readonly Trace[];
  /** The package.json files that apply or would apply if they existed, and the output. */
  readonly others: readonly Trace[];
}

/** Records the inputs and outputs of a project, so that an unchanged project is not emitted again. */
export class Stamps {
  private readonly path: string;
  private readonly key: string;

  /** @param how - everything that affects the output besides the files */
  constructor({ path, files, options }: Config, how: readonly unknown[]) {
    const itself = trace(fileURLToPath(import.meta.url));
    this.key = hash([files, options, how, itself]);
    this.path = join(cacheOf(dirname(path)), `${hash([path])}.json`);
  }

  /** Whether inputs and outputs are unchanged since the last emit. */
  isCurrent(): boolean {
    const stamp = this.read();
    return (
      stamp?.key === this.key && [...stamp.inputs, ...stamp.others].every(([path, before]) => trace(path) === before)
    );
  }

  /** The inputs of the last emit, without files of packages. */
  inputs(): string[] {
    return (this.read()?.inputs ?? []).map(([path]) => path).filter((path) => !isPackage(path));
  }

  /** @param began - when the first input was read. One that has changed since counts as changed: nobody knows which text was read */
  keep({ inputs, outputs }: Emission, began: number): void {
    const manifests = new Set(
      inputs
        .filter((path) => !isPackage(path))
        .flatMap((path) => ancestors(dirname(path)).map((each) => join(each, "package.json"))),
    );
    const traces = (paths: Iterable<string>): Trace[] => [...paths].map((path) => [path, trace(path)]);
    const read = inputs.map((path): Trace => [path, isNewer(path, began) ? "changed" : trace(path)]);
    const stamp: Stamp = { key: this.key, inputs: read, others: traces([...manifests, ...outputs.keys()]) };
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, JSON.stringify(stamp));
    } catch {
      // the cache is not writable: the project is emitted again next time
    }
  }

  private read(): Stamp | undefined {
    try {
      const stamp: Stamp = JSON.parse(readFileSync(this.path, "utf8"));
      return Array.isArray(stamp.inputs) && Array.isArray(stamp.others) ? stamp : undefined;
    } catch {
      return undefined;
    }
  }
}

const hash = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 24);

const isPackage = (path: string): boolean => /[\\/]node_modules[\\/]/.test(path);

function trace(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.mtimeMs} ${stats.size}` : "";
}

/** Times of files may be some milliseconds behind. */
const isNewer = (path: string, time: number): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > time - 20;

function ancestors(directory: string): string[] {
  const above = dirname(directory);
  return above === directory ? [directory] : [directory, ...ancestors(above)];
}

/** The cache is in the nearest `node_modules`. */
function cacheOf(directory: string): string {
  const found = ancestors(directory).find((each) =>
    statSync(join(each, "node_modules"), { throwIfNoEntry: false })?.isDirectory(),
  );
  return join(found ?? directory, "node_modules", ".cache", "perdure-tsc");
}
