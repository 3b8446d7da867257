import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { temporaryDirectory, writeFiles } from "../../directories.ts";
import { nodeOf, sqliteOf, type NodeLine } from "../../nodes.ts";
import { RunningProgram } from "../../running-program.ts";

const workspace = resolve(import.meta.dirname, "../../..");
const modules = join(workspace, "node_modules");

export type TypeScript = "typescript" | "typescript-5.9" | "typescript-7";

/** Tools that are installed in an application beside the two packages. */
export interface Tools {
  /** The package that is its `typescript`. */
  readonly typescript?: TypeScript;
}

/** An application outside the workspace, with Perdure installed as from npm. */
export class App {
  readonly root: string;
  readonly line: NodeLine;
  private readonly node: string;

  private constructor(root: string, line: NodeLine, node: string) {
    this.root = root;
    this.line = line;
    this.node = node;
  }

  /** @param files - contents by path */
  static async create(line: NodeLine, files: Readonly<Record<string, string>>, tools: Tools = {}): Promise<App> {
    const root = temporaryDirectory("app");
    const app = new App(root, line, await nodeOf(line));
    await install(join(root, "node_modules"), line, tools);
    writeFiles(root, files);
    return app;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string): void {
    writeFiles(this.root, { [name]: text });
  }

  /** Installs another package as a link to `place`. */
  link(name: string, place: string): void {
    symlinkSync(place, this.path(`node_modules/${name}`));
  }

  /** Runs Node with these arguments, in the application's directory. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProgram {
    return this.start(this.node, args, env);
  }

  /** Runs a shell command in the application's directory, with this Node. */
  shell(command: string): RunningProgram {
    return this.start("sh", ["-c", command], {
      PATH: [this.path("node_modules/.bin"), dirname(this.node), process.env["PATH"]].join(":"),
    });
  }

  private start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): RunningProgram {
    // the workspace has several compilers, and ts-patch would use the one named typescript
    const compiler = { TSP_COMPILER_TS_PATH: this.path("node_modules/typescript") };
    return new RunningProgram(command, args, { cwd: this.root, env: { ...environment, ...compiler, ...env } });
  }
}

/** Without the variables of the test runner, which would change how Node behaves. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:NODE_|VITEST|TEST$|npm_)/.test(name)),
);

/** The executables of the packages. */
const commands = {
  "perdure-tsc": "unplugin-perdure/dist/perdure-tsc.mjs",
  tsc: "typescript/bin/tsc",
  tspc: "ts-patch/bin/tspc.js",
  tsx: "tsx/dist/cli.mjs",
};

interface PackageJson {
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

async function install(target: string, line: NodeLine, { typescript = "typescript" }: Tools): Promise<void> {
  const linked = new Map([
    ["better-sqlite3", await sqliteOf(line)],
    ["typescript", join(modules, typescript)],
    ...[
      "@types/node",
      "tsx",
      "undici-types",
      "chalk",
      "global-prefix",
      "minimist",
      "resolve",
      "semver",
      "strip-ansi",
    ].map((name) => [name, join(modules, name)] as const),
  ]);
  for (const name of ["perdure", "unplugin-perdure"]) {
    const from = realpathSync(join(modules, name));
    const { dependencies = {}, files }: PackageJson = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    for (const each of Object.keys(dependencies)) if (!linked.has(each)) linked.set(each, join(modules, each));
    for (const part of ["package.json", ...files])
      cpSync(join(from, part), join(target, name, part), { recursive: true });
  }
  // copied, because it looks for the compiler from its own directory
  cpSync(join(modules, "ts-patch"), join(target, "ts-patch"), { recursive: true });
  for (const [name, script] of Object.entries(commands)) linked.set(`.bin/${name}`, join(target, script));
  for (const [name, place] of linked) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    symlinkSync(place, join(target, name));
  }
}
