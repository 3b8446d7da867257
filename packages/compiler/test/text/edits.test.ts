import fc from "fast-check";
import { rmSync } from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";
import * as parser from "oxc-parser";
import { Session } from "../../src/adapters/session/session.ts";
import { nodeHost } from "../../src/index.ts";
import { temporaryProject, type TemporaryProject } from "../temporary-project.ts";
import { moduleTexts, names, outcome, projects } from "./projects.ts";

vi.mock("oxc-parser", async (original) => {
  const real = await original<typeof parser>();
  return { ...real, parseSync: vi.fn(real.parseSync) };
});

/** A development server: it knows what it has compiled, and compiles again what is outdated. */
class Server {
  readonly outcomes = new Map<string, unknown>();
  readonly read: string[] = [];
  readonly session: Session;
  private readonly project: TemporaryProject;

  constructor(project: TemporaryProject) {
    this.project = project;
    const readFile = (path: string): string | undefined => (this.read.push(path), nodeHost.readFile(path));
    this.session = new Session({ root: project.root }, { ...nodeHost, readFile });
    this.session.serves = true;
  }

  compile(names: Iterable<string>): void {
    for (const name of names) {
      const path = this.project.path(name);
      const source = nodeHost.readFile(path);
      this.outcomes.delete(name);
      if (source === undefined) continue;
      this.outcomes.set(
        name,
        outcome(() => this.session.compile(source, path)),
      );
    }
  }

  /** Answers with the other files that are compiled again. */
  edit(name: string): string[] {
    this.session.invalidate(this.project.path(name));
    const others = this.session.outdated().map((path) => path.slice(this.project.root.length + 1));
    this.compile(new Set([name, ...others]));
    return others.filter((each) => each !== name).toSorted();
  }
}

describe("an edit in a development server", () => {
  test("leaves every module as a new server would compile it, in random projects", () => {
    // a module without a text is removed; one that is not there is made
    const edits = fc.array(fc.tuple(fc.constantFrom(...names), fc.option(moduleTexts, { freq: 6 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(projects, edits, (files, changes) => {
        const project = temporaryProject(files);
        const server = new Server(project);
        server.compile(Object.keys(files));
        for (const [module, text] of changes) {
          const name = `src/${module}.ts`;
          if (text === null) rmSync(project.path(name), { force: true });
          else project.write(name, text);
          server.edit(name);
          const fresh = new Server(project);
          fresh.compile(server.outcomes.keys());
          expect(server.outcomes).toEqual(fresh.outcomes);
        }
        rmSync(project.root, { recursive: true });
      }),
      { numRuns: Number(process.env["RUNS"] ?? 150) },
    );
  }, 120_000);

  describe("in a project of 400 files", () => {
    const features = Array.from({ length: 100 }, (_, index) => `f${index}`);
    const files = Object.fromEntries(
      features.flatMap((name) => [
        [`${name}/types.ts`, `export interface Order { id: string }`],
        [
          `${name}/format.ts`,
          `import type { Order } from "./types";\nexport const format = (order: Order) => order.id;`,
        ],
        [
          `${name}/tasks.ts`,
          `import { format } from "./format";\nexport async function charge(order) { "use task"; return format(order) }`,
        ],
        [
          `${name}/flow.ts`,
          `import { charge } from "./tasks";\nexport async function flow(order) { "use workflow"; return charge(order) }`,
        ],
      ]),
    );
    const started = (): { readonly project: TemporaryProject; readonly server: Server } => {
      const project = temporaryProject(files);
      const server = new Server(project);
      server.compile(Object.keys(files));
      vi.mocked(parser.parseSync).mockClear();
      server.read.length = 0;
      return { project, server };
    };
    const edited = (name: string, change: (text: string) => string) => {
      const { project, server } = started();
      project.write(name, change(files[name] ?? ""));
      const others = server.edit(name);
      const parsed = vi.mocked(parser.parseSync).mock.calls.map(([path]) => path.slice(project.root.length + 1));
      const read = server.read
        .map((path) => path.slice(project.root.length + 1))
        .filter((path) => !path.endsWith("package.json"));
      const fresh = new Server(project);
      fresh.compile(Object.keys(files));
      expect(server.outcomes).toEqual(fresh.outcomes);
      return { others, parsed: parsed.toSorted(), read };
    };
    beforeEach(() => void vi.mocked(parser.parseSync).mockClear());

    test("a file that leads to no directive and that nothing imports is read and not parsed", () => {
      const { project, server } = started();
      project.write("f7/types.ts", "export interface Order { id: number }");
      expect(server.edit("f7/types.ts")).toEqual([]);
      expect(server.read).toEqual([project.path("f7/types.ts")]);
      expect(vi.mocked(parser.parseSync)).not.toHaveBeenCalled();
    });

    test("the body of a task: that file alone", () => {
      const result = edited("f7/tasks.ts", (text) => text.replace("return format", "return 1 + format"));
      expect(result).toEqual({ others: [], parsed: ["f7/tasks.ts"], read: ["f7/tasks.ts"] });
    });

    test("a plain module whose code is part of the code version of tasks: those tasks", () => {
      const result = edited("f7/format.ts", (text) => text.replace("order.id", "order.id + 1"));
      expect(result).toEqual({
        others: ["f7/tasks.ts"],
        parsed: ["f7/format.ts", "f7/tasks.ts"],
        read: ["f7/format.ts"],
      });
    });

    test("a task that becomes a plain function: all that lead to it", () => {
      const result = edited("f7/tasks.ts", (text) => text.replace(`"use task"; `, ""));
      expect(result).toEqual({
        others: ["f7/flow.ts"],
        parsed: ["f7/flow.ts", "f7/tasks.ts"],
        read: ["f7/tasks.ts"],
      });
    });

    test("a plain file that becomes a task: it and all that lead to it", () => {
      const result = edited(
        "f7/format.ts",
        () => `export const format = async (order) => { "use task"; return order };`,
      );
      expect(result).toEqual({
        others: ["f7/tasks.ts"],
        parsed: ["f7/format.ts", "f7/tasks.ts"],
        read: ["f7/format.ts"],
      });
    });
  });
});
