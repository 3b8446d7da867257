import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { nodeOf } from "../nodes.ts";
import { pack, published } from "../packages/staged.ts";
import type { Row } from "./rows.ts";

const here = import.meta.dirname;

/**
 * Where the projects are installed, to be found again by the next call. Not in node_modules, where tools take sources for packages, and not
 * in the repository, whose node_modules they would find.
 */
const cache = join(tmpdir(), `perdure-frameworks-${digest(here)}`);

function digest(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (file: string): Manifest => JSON.parse(readFileSync(file, "utf8")) as Manifest;

/** One project: its files, what it depends on, and its commands. */
export class Project {
  readonly root: string;
  readonly scripts: Manifest["scripts"];
  private readonly row: Row;
  private readonly bin: string;

  private constructor(row: Row, bin: string) {
    this.row = row;
    this.bin = bin;
    this.root = join(cache, row.name);
    this.scripts = read(this.source("package.json")).scripts;
  }

  /** Copies the project, and installs its dependencies unless they are there from an earlier call. */
  static async create(row: Row, packages: Readonly<Record<string, string>>): Promise<Project> {
    // every framework of the table supports Node 24, not every one Node 20
    const project = new Project(row, dirname(await nodeOf(24)));
    project.copy();
    await project.install(packages);
    return project;
  }

  /** The version of the package that the row is about. */
  get version(): string {
    const { package: name } = this.row;
    if (name === undefined) return "Node 24";
    const { version } = JSON.parse(readFileSync(join(this.root, "node_modules", name, "package.json"), "utf8")) as {
      version: string;
    };
    return version;
  }

  /** The environment in which its commands are found, and in which they run with Node 24. */
  get env(): NodeJS.ProcessEnv {
    const { NODE_ENV: _, VITEST: __, ...env } = process.env;
    const path = [this.bin, join(this.root, "node_modules/.bin"), env["PATH"]].join(delimiter);
    // nothing of this reports to anyone
    return {
      ...env,
      PATH: path,
      NEXT_TELEMETRY_DISABLED: "1",
      NUXT_TELEMETRY_DISABLED: "1",
      ASTRO_TELEMETRY_DISABLED: "1",
    };
  }

  /** Paths of its files and of what it was built to, without packages. */
  get files(): readonly string[] {
    return readdirSync(this.root)
      .filter((name) => name !== "node_modules" && statSync(join(this.root, name)).isDirectory())
      .flatMap((name) =>
        readdirSync(join(this.root, name), { recursive: true }).map((file) => join(name, String(file))),
      );
  }

  /** Writes the file of the project's workflow, whose tasks take this time in milliseconds. */
  writeWorkflow(source: "order.ts" | "order-edited.ts", wait = 300): void {
    const file = join(this.root, this.row.workflow);
    mkdirSync(dirname(file), { recursive: true });
    const text = readFileSync(join(here, source), "utf8").replace("setTimeout(300)", `setTimeout(${wait})`);
    // a development server could read a file that is being written, and keep the empty module
    const draft = join(cache, `${this.row.name}.draft`);
    writeFileSync(draft, text);
    renameSync(draft, file);
  }

  private source(path: string): string {
    const own = join(here, this.row.name, path);
    return existsSync(own) || this.row.extends === undefined ? own : join(here, this.row.extends, path);
  }

  private copy(): void {
    mkdirSync(this.root, { recursive: true });
    for (const entry of readdirSync(this.root))
      if (entry !== "node_modules" && entry !== ".installed")
        rmSync(join(this.root, entry), { recursive: true, force: true });
    for (const name of [this.row.extends, this.row.name])
      if (name !== undefined) cpSync(join(here, name), this.root, { recursive: true });
    this.writeWorkflow("order.ts");
  }

  private async install(packages: Readonly<Record<string, string>>): Promise<void> {
    const manifest = read(this.source("package.json"));
    const packed = (names: Manifest["dependencies"] = {}): Manifest["dependencies"] =>
      Object.fromEntries(Object.entries(names).map(([name, version]) => [name, packages[name] ?? version]));
    const { dependencies, devDependencies } = manifest;
    const installed = { ...manifest, dependencies: packed(dependencies), devDependencies: packed(devDependencies) };
    const text = `${JSON.stringify(installed, undefined, 2)}\n`;
    writeFileSync(join(this.root, "package.json"), text);
    const stamp = join(this.root, ".installed");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === text) return;
    rmSync(stamp, { force: true });
    const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    await promisify(execFile)("npm", args, { cwd: this.root, env: this.env });
    writeFileSync(stamp, text);
  }
}

/** The packages of this repository as they would be published: name → what package.json names as their version. */
export function packedPackages(): Readonly<Record<string, string>> {
  const directory = join(cache, "packed");
  for (const old of [directory, join(cache, "tarballs")]) rmSync(old, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return Object.fromEntries(
    published.map((name) => {
      const { file } = pack(name, directory);
      const content = readFileSync(file);
      // npm takes a file of the same name for the same package
      const named = join(cache, "tarballs", `${name}-${digest(content)}.tgz`);
      mkdirSync(dirname(named), { recursive: true });
      writeFileSync(named, content);
      return [name, `file:${named}`];
    }),
  );
}
