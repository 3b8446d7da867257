import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "./configs.ts";
import type { Emission } from "./emit.ts";

/** A file as it was: its time and size, nothing when it was not there. */
type Trace = readonly [path: string, trace: string];

interface Stamp {
  readonly key: string;
  readonly inputs: readonly Trace[];
  /** Manifests of packages, there or not, and the output. */
  readonly others: readonly Trace[];
}

/** Remembers what a project was made of and what it came to, so that what has not changed is not made again. */
export class Stamps {
  private readonly path: string;
  private readonly key: string;

  /** @param how - all that decides about the output besides the files */
  constructor({ path, files, options }: Config, how: readonly unknown[]) {
    const itself = trace(fileURLToPath(import.meta.url));
    this.key = hash([files, options, how, itself]);
    this.path = join(cacheOf(dirname(path)), `${hash([path])}.json`);
  }

  /** The project's files and its output are as they were left. */
  isCurrent(): boolean {
    const stamp = this.read();
    return (
      stamp?.key === this.key && [...stamp.inputs, ...stamp.others].every(([path, before]) => trace(path) === before)
    );
  }

  /** What it was made of when it was last made, without packages. */
  inputs(): string[] {
    return (this.read()?.inputs ?? []).map(([path]) => path).filter((path) => !isPackage(path));
  }

  keep({ inputs, outputs }: Emission): void {
    const manifests = new Set(
      inputs
        .filter((path) => !isPackage(path))
        .flatMap((path) => ancestors(dirname(path)).map((each) => join(each, "package.json"))),
    );
    const traces = (paths: Iterable<string>): Trace[] => [...paths].map((path) => [path, trace(path)]);
    const stamp: Stamp = { key: this.key, inputs: traces(inputs), others: traces([...manifests, ...outputs.keys()]) };
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, JSON.stringify(stamp));
    } catch {
      // a cache that cannot be written: the project is made again next time
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

function ancestors(directory: string): string[] {
  const above = dirname(directory);
  return above === directory ? [directory] : [directory, ...ancestors(above)];
}

/** Beside the packages of the project. */
function cacheOf(directory: string): string {
  const found = ancestors(directory).find((each) =>
    statSync(join(each, "node_modules"), { throwIfNoEntry: false })?.isDirectory(),
  );
  return join(found ?? directory, "node_modules", ".cache", "perdure-tsc");
}
