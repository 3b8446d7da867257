import { spawn, type ChildProcess } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { nodeOf, sqliteOf, type NodeLine } from "../../nodes.ts";

const workspace = resolve(import.meta.dirname, "../../..");
const modules = join(workspace, "node_modules");

export type TypeScript = "typescript" | "typescript-5.9" | "typescript-7";

/** Tools that an application finds beside the two packages. */
export interface Tools {
  /** The package that is its `typescript`. */
  readonly typescript?: TypeScript;
}

/** An application in a directory of its own, with Perdure installed as from npm: nothing of the workspace is near it. */
export class App {
  readonly root: string;
  readonly line: NodeLine;
  private readonly node: string;

  private constructor(root: string, line: NodeLine, node: string) {
    this.root = root;
    this.line = line;
    this.node = node;
  }

  /** @param files - texts by path; a path to an existing directory copies it */
  static async create(line: NodeLine, files: Readonly<Record<string, string>>, tools: Tools = {}): Promise<App> {
    const root = temporary("app");
    const app = new App(root, line, await nodeOf(line));
    await install(join(root, "node_modules"), line, tools);
    for (const [name, text] of Object.entries(files)) app.write(name, text);
    return app;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Installs one more package, from where it is. */
  link(name: string, place: string): void {
    symlinkSync(place, this.path(`node_modules/${name}`));
  }

  /** Runs Node with these arguments, in the application's directory. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Execution {
    return this.start(this.node, args, env);
  }

  /** Runs a command as somebody would type it there, with this Node. */
  shell(command: string): Execution {
    return this.start("sh", ["-c", command], {
      PATH: [this.path("node_modules/.bin"), dirname(this.node), process.env["PATH"]].join(":"),
    });
  }

  private start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Execution {
    // the compilers of the workspace lie side by side, and ts-patch would take the one that is called typescript
    const compiler = { TSP_COMPILER_TS_PATH: this.path("node_modules/typescript") };
    return new Execution(
      spawn(command, args, {
        cwd: this.root,
        env: { ...environment, ...compiler, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
  }
}

/** What a test runner puts there would change how Node behaves. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:NODE_|VITEST|TEST$|npm_)/.test(name)),
);

export class Execution {
  readonly process: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  private text = "";
  private readonly listeners = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.process = child;
    onTestFinished(() => void child.kill("SIGKILL"));
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => this.hear(chunk));
    this.ended = new Promise((done) => child.once("close", (code, signal) => done(code ?? signal)));
  }

  get output(): string {
    return this.text;
  }

  private hear(chunk: Buffer): void {
    this.text += chunk.toString();
    for (const listener of this.listeners) listener();
  }

  /** Resolves when what it has printed satisfies the condition. */
  async printed(condition: string | ((output: string) => boolean)): Promise<void> {
    const holds = typeof condition === "string" ? (text: string): boolean => text.includes(condition) : condition;
    const heard = new Promise<void>((done) => {
      const look = (): void => {
        if (holds(this.text)) done();
      };
      this.listeners.add(look);
      look();
    });
    const over = this.ended.then(() => {
      if (!holds(this.text))
        throw new Error(`the program ended without printing what was expected (${condition}):\n${this.text}`);
    });
    await Promise.race([heard, over]);
  }

  /** Ends it, and what it has started. */
  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  /** Its output, after it has ended with this exit code. */
  async exits(code: number | NodeJS.Signals): Promise<string> {
    const ended = await this.ended;
    if (ended !== code) throw new Error(`ended with ${ended} and not ${code}:\n${this.text}`);
    return this.text;
  }
}

export function temporary(name: string): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), `perdure-${name}-`)));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The programs of the packages. */
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
  // it looks for the compiler from where it is
  cpSync(join(modules, "ts-patch"), join(target, "ts-patch"), { recursive: true });
  for (const [name, script] of Object.entries(commands)) linked.set(`.bin/${name}`, join(target, script));
  for (const [name, place] of linked) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    symlinkSync(place, join(target, name));
  }
}
