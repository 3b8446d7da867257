import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../src/compile/compile.ts";
import perdure, { type LoaderContext, type LoaderOptions } from "../src/adapters/loader/loader.ts";
import { orders, temporaryProject, type TemporaryProject } from "./temporary-project.ts";

interface Loaded {
  readonly code: string;
  readonly map: object | undefined;
  readonly dependencies: readonly string[];
  readonly warnings: readonly string[];
}

/** Calls the loader for a file as Turbopack does. */
async function load(
  project: TemporaryProject,
  file: string,
  { options = {}, ...context }: Partial<LoaderContext> & { readonly options?: LoaderOptions } = {},
): Promise<Loaded> {
  const dependencies: string[] = [];
  const warnings: string[] = [];
  const [code, map] = await new Promise<[string, object | undefined]>((resolve, reject) => {
    perdure.call(
      {
        resourcePath: project.path(file),
        rootContext: project.root,
        target: "node",
        mode: "production",
        getOptions: () => options,
        getResolve: () => async (_directory, request) => {
          if (request === "~tasks") return project.path("src/tasks.ts");
          throw new Error(`${request} is not found`);
        },
        async: () => (error, text, json) => void (error ? reject(error) : resolve([text ?? "", json])),
        addDependency: (path) => void dependencies.push(path),
        emitWarning: ({ message }) => void warnings.push(message),
        ...context,
      },
      readFileSync(project.path(file), "utf8"),
    );
  });
  return { code, map, dependencies, warnings };
}

describe("the loader", () => {
  test("compiles a file as the plugins do, with a map from the root", async () => {
    const project = temporaryProject(orders);
    const source = orders["src/tasks.ts"];
    const expected = compile(source, { id: project.path("src/tasks.ts"), root: project.root });
    const { code, map } = await load(project, "src/tasks.ts");
    expect(code).toBe(expected?.code);
    expect(map).toMatchObject({ mappings: expected?.map.mappings, sourcesContent: [source] });
  });

  test("follows imports, and names the files that the result depends on", async () => {
    const project = temporaryProject(orders);
    const { code, dependencies } = await load(project, "src/helper.ts");
    expect(code).toContain('"charge"');
    expect([...dependencies].sort()).toEqual([project.path("src/index.ts"), project.path("src/tasks.ts")]);
  });

  test("follows an alias that only the bundler knows", async () => {
    const helper = orders["src/helper.ts"].replace("./index", "~tasks");
    const project = temporaryProject({ ...orders, "src/helper.ts": helper });
    const { code, dependencies } = await load(project, "src/helper.ts");
    expect(code).not.toBe(helper);
    expect(dependencies).toEqual([project.path("src/tasks.ts")]);
  });

  test("leaves other files and packages as they are", async () => {
    const project = temporaryProject({ ...orders, "node_modules/shop/tasks.ts": orders["src/tasks.ts"] });
    expect(await load(project, "src/untouched.ts")).toMatchObject({ code: orders["src/untouched.ts"], map: undefined });
    expect(await load(project, "node_modules/shop/tasks.ts")).toMatchObject({ code: orders["src/tasks.ts"] });
  });

  test("a development server sees a change of an imported file that was compiled in another process", async () => {
    const project = temporaryProject(orders);
    const before = await load(project, "src/helper.ts", { mode: "development" });
    expect(before.code).not.toBe(orders["src/helper.ts"]);
    project.write("src/tasks.ts", orders["src/tasks.ts"].replace('"use task: retries=2";', ""));
    const after = await load(project, "src/helper.ts", { mode: "development" });
    expect(after.code).toBe(orders["src/helper.ts"]);
  });

  test("an error fails the file with its frame and without the compiler's stack", async () => {
    const project = temporaryProject({
      ...orders,
      "src/wrong.ts": `export async function pay(id: string) {\n  "use workflow: id=pay-{di}";\n  return id;\n}\n`,
    });
    const failure = await load(project, "src/wrong.ts").catch((error: unknown) => error);
    expect(String(Reflect.get(Object(failure), "stack"))).toMatch(/^src\/wrong\.ts:2:.*\(PLACEHOLDER_UNKNOWN\)$/s);
  });

  test("a warning is passed on, at the level of the options", async () => {
    const project = temporaryProject({
      ...orders,
      "src/wide.ts": `export async function pay(id: string) {\n  "use workflow";\n  return (await fetch(id)).text();\n}\n`,
    });
    expect((await load(project, "src/wide.ts")).warnings).toEqual([expect.stringContaining("(WORKFLOW_IO)")]);
    expect((await load(project, "src/wide.ts", { options: { warnings: { WORKFLOW_IO: "off" } } })).warnings).toEqual(
      [],
    );
    await expect(load(project, "src/wide.ts", { options: { warnings: { WORKFLOW_IO: "error" } } })).rejects.toThrow(
      "WORKFLOW_IO",
    );
  });

  test("in code for browsers, a durable function only says that it cannot run there", async () => {
    const project = temporaryProject(orders);
    const { code, map } = await load(project, "src/tasks.ts", { target: "web" });
    expect(code).toContain("export async function charge(id: string)");
    expect(code).toMatch(/throw new Error\(".*src\/tasks\.ts/);
    expect(code).not.toContain("charged");
    expect(map).toBeDefined();
    expect(await load(project, "src/helper.ts", { target: "web" })).toMatchObject({
      code: orders["src/helper.ts"],
      map: undefined,
    });
  });
});
