import fc from "fast-check";
import { expect, test } from "vitest";
import { getRun, memoryStore, recover, start, type StepRow, type Store, type Write } from "perdure";
import { advance } from "perdure/testing";
import { installed } from "../process-state.ts";
import { Lives, log, type Sources } from "./lives.ts";

/** The body of a workflow: calls in loops, branches and helpers. */
type Node =
  | { readonly kind: "call"; readonly task: string; readonly flaky: boolean; readonly extracted: boolean }
  | { readonly kind: "sleep" }
  | { readonly kind: "loop"; readonly body: readonly Node[] }
  | { readonly kind: "branches"; readonly bodies: readonly (readonly Node[])[] }
  | { readonly kind: "helper"; readonly body: readonly Node[] };

const call = fc.record({
  kind: fc.constant("call" as const),
  task: fc.constantFrom("alpha", "alpha", "beta"),
  flaky: fc.boolean(),
  extracted: fc.boolean(),
});
const { body } = fc.letrec<{ node: Node; body: readonly Node[] }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 4, arbitrary: call },
    { weight: 1, arbitrary: fc.constant({ kind: "sleep" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("loop" as const), body: tie("body") }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("branches" as const),
        bodies: fc.array(tie("body"), { minLength: 2, maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("helper" as const), body: tie("body") }) },
  ),
  body: fc.array(tie("node"), { minLength: 1, maxLength: 4 }),
}));

/** One version of the program: its names, and whether calls are extracted into helpers. */
interface Version {
  readonly named: (name: string) => string;
  readonly extracts: boolean;
}

/** Writes the source of the program, and collects the moved calls as paths of the first version. */
class Writer {
  readonly moves: Record<string, string> = {};
  readonly tasks = new Set<string>();
  private readonly version: Version;
  private readonly functions: string[] = [];
  private count = 0;

  constructor(version: Version) {
    this.version = version;
  }

  sources(nodes: readonly Node[]): Sources {
    const { named } = this.version;
    const text = this.body(nodes, []);
    const tasks = ["alpha", "beta"].map(
      (name) => `export async function ${named(name)}(label, flaky) {
      "use task: retries=1, backoff=constant(5m)";
      globalThis.log.push(label);
      if (flaky && taskContext().attempt === 1) throw new Error("again");
      return label;
    }`,
    );
    const imported = ["alpha", "beta"].map(named).join(", ");
    return {
      "flow.js": `import { sleep } from "perdure"; import { ${imported} } from "./tasks.js";\n${this.functions.join("\n")}\nexport async function flow() { "use workflow"; const at = ""; const done = [];\n${text}\nreturn done; }`,
      "tasks.js": `import { taskContext } from "perdure";\n${tasks.join("\n")}`,
    };
  }

  private body(nodes: readonly Node[], path: readonly string[]): string {
    const seen = new Map<string, number>();
    const moved = new Set<string>();
    let loops = 0;
    return nodes
      .map((node) => {
        // two loops in one body share their path, so a path cannot tell which of them contains a call
        if (node.kind !== "call")
          return this.node(node.kind === "loop" && loops++ > 0 ? { ...node, kind: "helper" } : node, path);
        const index = seen.get(node.task) ?? 0;
        seen.set(node.task, index + 1);
        // one key cannot lead to two paths, so only one call of each name is moved in a body
        const isMoved = node.extracted && !moved.has(node.task);
        if (isMoved) moved.add(node.task);
        return this.call(node, `${node.task}[${index}]`, isMoved, path);
      })
      .join("\n");
  }

  private call(
    { task, flaky }: Extract<Node, { kind: "call" }>,
    id: string,
    isMoved: boolean,
    path: readonly string[],
  ): string {
    const label = `"${this.count++}" + at`;
    const { named, extracts } = this.version;
    const helper = `helper${this.count++}`;
    if (!isMoved) return `done.push(await ${named(task)}(${label}, ${flaky}));`;
    this.moves[[...path, id].join("/")] = [...path, `${helper}[0]`, `${task}[0]`].join("/");
    if (!extracts) return `done.push(await ${named(task)}(${label}, ${flaky}));`;
    this.functions.push(`async function ${named(helper)}(label) { return ${named(task)}(label, ${flaky}); }`);
    return `done.push(await ${named(helper)}(${label}));`;
  }

  private node(node: Exclude<Node, { kind: "call" }>, path: readonly string[]): string {
    if (node.kind === "sleep") return `await sleep("10m");`;
    const name = `part${this.count++}`;
    if (node.kind === "loop")
      return `for (const i of [0, 1]) { const outer = at; { const at = outer + "." + i;\n${this.body(node.body, [...path, "for"])}\n} }`;
    const bodies = node.kind === "helper" ? [node.body] : node.bodies;
    const calls = bodies.map((each, place) => {
      const part = this.version.named(`${name}_${place}`);
      this.functions.push(
        `async function ${part}(at) { const done = [];\n${this.body(each, [...path, `${name}_${place}`])}\nreturn done; }`,
      );
      return `${part}(at)`;
    });
    return node.kind === "helper"
      ? `done.push(...await ${calls.join()});`
      : `done.push(...(await Promise.all([${calls.join(", ")}])).flat());`;
  }
}

/** Renames the chosen names in each version. */
const naming =
  (chosen: (name: string) => boolean, version: number) =>
  (name: string): string =>
    version > 0 && chosen(name) ? `${name}_v${version}` : name;

interface Case {
  readonly nodes: readonly Node[];
  readonly seed: number;
  /** The version of each process, and the commit after which it dies. */
  readonly lives: readonly { readonly version: number; readonly commits: number }[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  nodes: body,
  seed: fc.nat(),
  lives: fc
    .array(fc.record({ version: fc.constantFrom(0, 1, 1, 2), commits: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 2,
      maxLength: 5,
    })
    .map((lives) => [...lives].sort((a, b) => a.version - b.version)),
});

const isChosen =
  (seed: number, version: number) =>
  (name: string): boolean =>
    ([...name].reduce((sum, char) => sum * 31 + char.charCodeAt(0), seed + version) >>> 3) % 2 === 0;

/** The sources and the declared renames of each version. */
function programs({ nodes, seed }: Case): { readonly sources: Sources; readonly renames: Record<string, string> }[] {
  const first = naming(isChosen(seed, 1), 1);
  const second = (name: string): string => naming(isChosen(seed, 2), 2)(first(name));
  const versions: Version[] = [
    { named: (name) => name, extracts: false },
    { named: first, extracts: true },
    { named: second, extracts: true },
  ];
  return versions.map((version, place) => {
    const writer = new Writer(version);
    const sources = writer.sources(nodes);
    const names = [
      ...new Set(
        Object.values(sources)
          .join("\n")
          .match(/\b(?:alpha|beta|helper\d+|part\d+_\d+)/g),
      ),
    ];
    const declared = (from: (name: string) => string, to: (name: string) => string): [string, string][] =>
      names.flatMap((name) => (from(name) === to(name) ? [] : [[from(name), to(name)]]));
    const moves = place === 0 ? [] : Object.entries(writer.moves);
    const renamed = [declared((name) => name, first), declared(first, second)].slice(0, place).flat();
    return { sources, renames: Object.fromEntries([...moves, ...renamed]) };
  });
}

/** The store of a process that dies right after its n-th commit. */
function dying(store: Store, commits: number, died: () => void): Store {
  let left = commits;
  const commit = (writes: readonly Write[]): Promise<boolean[]> | boolean[] => {
    if (left <= 0) return new Promise(() => {});
    const answers = store.commit(writes) as boolean[];
    if (--left > 0) return answers;
    installed.runtime?.kill();
    died();
    return new Promise(() => {});
  };
  return { ...store, commit, close() {} };
}

const labelsOf = (rows: readonly StepRow[]): string[] =>
  rows.flatMap(({ kind, state, output = "" }) =>
    kind === "task" && state === "completed" ? [/"(.*?)"/.exec(output)?.[1] ?? "?"] : [],
  );

/** Executes one process after the other until the run has ended. */
async function play(
  each: Case,
): Promise<{ readonly result: unknown; readonly rows: readonly StepRow[]; readonly reports: readonly string[] }> {
  const versions = programs(each);
  const store = memoryStore();
  let commits = 0;
  let dead = false;
  const lives = new Lives(() => dying(store, commits, () => (dead = true)));
  for (const [place, life] of [
    ...each.lives,
    { version: each.lives.at(-1)?.version ?? 0, commits: Infinity },
  ].entries()) {
    ({ commits } = life);
    dead = false;
    const { sources = {}, renames = {} } = versions[life.version] ?? {};
    const finished = labelsOf(await store.steps("run"));
    const { flow } = await lives.begin(sources, { renames, countDeaths: false }); // deaths are the subject of other tests
    log().length = 0;
    if (place === 0) await start(flow as unknown as () => Promise<unknown>, [], { id: "run" });
    else await recover();
    for (let times = 0; times < 1_000 && !dead && (await store.getRun("run"))?.status !== "completed"; times++)
      await advance("5m");
    expect(
      log().filter((label) => finished.includes(label)),
      "finished steps that were executed again",
    ).toEqual([]);
    if (!dead) break;
  }
  const row = await store.getRun("run");
  if (row?.status !== "completed") throw new Error(`the run does not end: ${JSON.stringify(row)}`);
  return { result: await (await getRun("run")).result(), rows: await store.steps("run"), reports: lives.reports };
}

const RUNS = Number(process.env["PERDURE_SEEDS"] ?? 20);
/** Repeats a failed series and shrinks its failing case. */
const SEED = process.env["PERDURE_SEED"];

test(
  "a run with renames, moves and crashes ends like an undisturbed one and repeats no finished step",
  async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const { result, rows, reports } = await play(each);
        const undisturbed = await play({ ...each, lives: [{ version: 2, commits: Infinity }] });
        expect(result).toEqual(undisturbed.result);
        expect(labelsOf(rows).sort()).toEqual(labelsOf(undisturbed.rows).sort());
        expect(reports).toEqual([]);
      }),
      SEED === undefined ? { numRuns: RUNS, endOnFailure: true } : { numRuns: RUNS, seed: Number(SEED) },
    );
  },
  600_000 + RUNS * 20_000,
);
