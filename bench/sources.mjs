/**
 * Makes a project of TypeScript modules of about 150 lines, as a server has them. A feature is a folder of ten modules that import each other, modules of other
 * features, modules of Node and packages. Every second feature has a module with tasks and one with workflows, so that one file in ten has directives.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const NOUNS = [
  "order",
  "invoice",
  "customer",
  "shipment",
  "refund",
  "ticket",
  "report",
  "account",
  "product",
  "supplier",
];
const FIELDS = [
  "amount",
  "currency",
  "status",
  "owner",
  "region",
  "channel",
  "priority",
  "weight",
  "category",
  "reference",
];
const FILES_PER_FEATURE = 10;
/** The workflows of a module. */
const PARTS = [0, 1, 2, 3, 4];

/** The files of a project: paths relative to its root, with their text. */
export function projectSources(count) {
  const features = Math.ceil(count / FILES_PER_FEATURE);
  const files = Array.from({ length: features }, (_, index) => featureSources(index)).flat();
  return files.slice(0, count);
}

/** Writes the files of a project and the packages that it imports. Answers with their absolute paths. */
export function writeProject(root, files) {
  const others = { "package.json": JSON.stringify({ name: "shop", type: "module", dependencies: { perdure: "*" } }) };
  for (const name of ["zod", "pino", "kysely"]) {
    others[`node_modules/${name}/package.json`] = JSON.stringify({ name, version: "1.0.0", main: "index.js" });
    others[`node_modules/${name}/index.js`] = "module.exports = {};\n";
  }
  const all = [...Object.entries(others).map(([path, text]) => ({ path, text })), ...files];
  for (const { path, text } of all) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return files.map(({ path, ...rest }) => ({ ...rest, path, file: join(root, path) }));
}

/** One module of so many lines, with tasks, workflows and plain functions. */
export function longSource(lines) {
  const parts = [
    `import { sleep } from "perdure";\nimport { clients, failed, format, repositories } from "./others.ts";\n`,
  ];
  for (let index = 0; parts.join("").split("\n").length < lines; index++) {
    const at = names(index);
    parts.push(shapes(at, index), helpers(at, index), index % 4 === 0 ? ownTasks(at, index) : methods(at, index));
  }
  return parts.join("\n").split("\n").slice(0, -1).join("\n");
}

const ownTasks = (at, index) =>
  `const client${at.Noun} = clients("${at.noun}");\nconst rows${at.Noun} = repositories("${at.noun}");\n\n${tasks(at, index).replaceAll(/\bformat\w+\(/g, "format(")}\n${flow(at, index, [])}`;

function names(index) {
  const noun = `${NOUNS[index % NOUNS.length]}${Math.floor(index / NOUNS.length) || ""}`;
  return { noun, Noun: noun[0].toUpperCase() + noun.slice(1) };
}

function featureSources(index) {
  const at = names(index);
  const before = names(Math.max(0, index - 2));
  const isDurable = index % 2 === 0;
  const hasOther = index >= 2;
  const up = `../${before.noun}`;
  const repeat = (make, times) => Array.from({ length: times }, (_, part) => make(at, index * 20 + part)).join("\n");
  const texts = {
    types: repeat(shapes, 11),
    errors: `import type { ${at.Noun}Shape0 } from "./types.ts";\n\n${repeat(errorClasses, 5)}`,
    config: `import { readFileSync } from "node:fs";\nimport { join } from "node:path";\n\n${repeat(settings, 5)}`,
    format: `import type { ${at.Noun}Shape1 } from "./types.ts";\nimport { read${at.Noun}Setting0 } from "./config.ts";\n\n${repeat(helpers, 6)}`,
    validate: `import { z } from "zod";\nimport { Invalid${at.Noun}0 } from "./errors.ts";\nimport type { ${at.Noun}Shape2 } from "./types.ts";\n\n${repeat(checks, 6)}`,
    repository: `import { randomUUID } from "node:crypto";\nimport { sql } from "kysely";\nimport { Invalid${at.Noun}1 } from "./errors.ts";\nimport type { ${at.Noun}Shape3 } from "./types.ts";\n\n${repeat(repositories, 4)}`,
    client: `import { pino } from "pino";\nimport { read${at.Noun}Setting1 } from "./config.ts";\nimport { Invalid${at.Noun}2 } from "./errors.ts";\n\n${repeat(clients, 4)}`,
    service: `${hasOther ? `import { format${before.Noun}0 } from "${up}/format.ts";\n` : ""}import { ${at.Noun}Client0 } from "./client.ts";\nimport { ${at.Noun}Repository0 } from "./repository.ts";\nimport { check${at.Noun}0 } from "./validate.ts";\n\n${repeat(methods, 5)}`,
    ...(isDurable
      ? {
          tasks: `import { ${at.Noun}Client0 } from "./client.ts";\nimport { Invalid${at.Noun}0 } from "./errors.ts";\nimport { format${at.Noun}0 } from "./format.ts";\nimport { ${at.Noun}Repository0 } from "./repository.ts";\n\nconst client${at.Noun} = new ${at.Noun}Client0("https://example.com");\nconst rows${at.Noun} = new ${at.Noun}Repository0();
const failed = (error: unknown): boolean => error instanceof Invalid${at.Noun}0;\n\n${repeat(tasks, 7)}`,
          workflows: `import { sleep } from "perdure";\n${hasOther ? `import { load${before.Noun}${(index - 2) * 20} } from "${up}/tasks.ts";\n` : ""}import { Invalid${at.Noun}0 } from "./errors.ts";\nimport { format${at.Noun}0 } from "./format.ts";\nimport { ${PARTS.map((part) => `load${at.Noun}${index * 20 + part}, save${at.Noun}${index * 20 + part}`).join(", ")} } from "./tasks.ts";\n\n${PARTS.map((part) => flow(at, index * 20 + part, hasOther && part === 0 ? [`load${before.Noun}${(index - 2) * 20}`] : [])).join("\n")}`,
        }
      : {
          routes: `import { handle${at.Noun}${index * 20} } from "./service.ts";\nimport { check${at.Noun}1 } from "./validate.ts";\n\n${repeat(routes, 6)}`,
          view: `import { format${at.Noun}0 } from "./format.ts";\nimport type { ${at.Noun}Shape4 } from "./types.ts";\n\n${repeat(views, 7)}`,
        }),
  };
  return Object.entries(texts).map(([name, text]) => ({
    path: `src/${at.noun}/${name}.ts`,
    text,
    hasDirective: name === "tasks" || name === "workflows",
  }));
}

const field = (index) => FIELDS[index % FIELDS.length];

const shapes = ({ Noun }, index) => `/** What is known of the ${Noun} in state ${index}. */
export interface ${Noun}Shape${index % 20} {
  readonly id: string;
  readonly ${field(index)}: number;
  readonly ${field(index + 1)}?: string | undefined;
  readonly lines: readonly { readonly sku: string; readonly count: number; readonly price: number }[];
  readonly history: ReadonlyMap<string, readonly ${Noun}Event${index}[]>;
}

export type ${Noun}Event${index} =
  | { readonly kind: "created"; readonly at: number }
  | { readonly kind: "changed"; readonly at: number; readonly ${field(index + 2)}: string }
  | { readonly kind: "closed"; readonly at: number; readonly reason: string };
`;

const errorClasses = (
  { Noun },
  index,
) => `/** Thrown where the ${field(index)} of a ${Noun} is not what it should be. */
export class Invalid${Noun}${index % 20} extends Error {
  readonly field: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(field: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(\`\${field}: \${message}\`);
    this.name = "Invalid${Noun}${index}";
    this.field = field;
    this.details = details;
  }

  toJSON(): object {
    return { name: this.name, field: this.field, message: this.message, details: this.details };
  }
}

export const describe${Noun}${index} = (error: unknown, shape: { readonly id: string }): string => {
  if (error instanceof Invalid${Noun}${index % 20}) return \`\${shape.id} is wrong in \${error.field}\`;
  return error instanceof Error ? error.message : String(error);
};

export function assert${Noun}${index}(condition: boolean, field: string, shape: { readonly id: string }): asserts condition {
  if (!condition) throw new Invalid${Noun}${index % 20}(field, "does not hold", { id: shape.id, field });
}
`;

const settings = ({ Noun }, index) => `interface Setting${index} {
  readonly url: string;
  readonly retries: number;
  readonly labels: readonly string[];
}

const defaults${index}: Setting${index} = { url: "https://example.com/${index}", retries: ${index % 7}, labels: ["a", "b"] };

/** Reads the setting from the file in the current directory, if there is one. */
export function read${Noun}Setting${index % 20}(directory = process.cwd()): Setting${index} {
  const path = join(directory, "config", "${field(index)}.json");
  const text = readIfThere${index}(path);
  if (text === undefined) return defaults${index};
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) return defaults${index};
  return { ...defaults${index}, ...parsed };
}

function readIfThere${index}(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export const label${Noun}${index} = ({ labels }: Setting${index}, at: number): string => labels[at % labels.length] ?? "none";
`;

const helpers = ({ Noun }, index) => `const width${index} = ${10 + (index % 30)};

/** The ${field(index)} as people read it. */
export function format${Noun}${index % 20}(value: number, unit = "EUR"): string {
  const rounded = Math.round(value * 100) / 100;
  const [whole = "0", part = "00"] = rounded.toFixed(2).split(".");
  const groups: string[] = [];
  for (let rest = whole; rest.length > 0; rest = rest.slice(0, -3)) groups.unshift(rest.slice(-3));
  return \`\${groups.join(",")}.\${part} \${unit}\`.padStart(width${index});
}

export const total${Noun}${index} = (lines: readonly { readonly count: number; readonly price: number }[]): number =>
  lines.map(({ count, price }) => count * price).reduce((sum, each) => sum + each, 0);

export function group${Noun}${index}<Item extends { readonly ${field(index)}: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.${field(index)}) ?? [];
    group.push(item);
    groups.set(item.${field(index)}, group);
  }
  return groups;
}
`;

const checks = (
  { Noun },
  index,
) => `const schema${index} = z.object({ ${field(index)}: z.number().min(${index % 9}), ${field(index + 1)}: z.string().optional() });

export interface Checked${Noun}${index} {
  readonly value: number;
  readonly notes: readonly string[];
}

/** Whether the ${field(index)} can be accepted, with the reasons if it cannot. */
export function check${Noun}${index % 20}(input: unknown): Checked${Noun}${index} {
  const parsed = schema${index}.safeParse(input);
  if (!parsed.success) throw new Invalid${Noun}0("${field(index)}", parsed.error.message);
  const notes: string[] = [];
  if (parsed.data.${field(index)} > 1000) notes.push("large");
  if (parsed.data.${field(index + 1)} === undefined) notes.push("incomplete");
  switch (notes.length) {
    case 0:
      return { value: parsed.data.${field(index)}, notes: ["fine"] };
    case 1:
      return { value: parsed.data.${field(index)} / 2, notes };
    default:
      return { value: 0, notes: notes.toSorted() };
  }
}
`;

const repositories = ({ noun, Noun }, index) => `interface Row${index} {
  readonly id: string;
  readonly ${field(index)}: number;
  version: number;
}

/** Holds the rows of the table ${noun}_${index}. */
export class ${Noun}Repository${index % 20} {
  private readonly rows = new Map<string, Row${index}>();
  private readonly listeners = new Set<(row: Row${index}) => void>();

  async find(id: string): Promise<Row${index} | undefined> {
    await sql\`SELECT * FROM ${noun}_${index} WHERE id = \${id}\`;
    return this.rows.get(id);
  }

  async save(${field(index)}: number, id: string = randomUUID()): Promise<Row${index}> {
    const before = this.rows.get(id);
    if (before && before.${field(index)} > ${field(index)}) throw new Invalid${Noun}1("${field(index)}", "may not fall", { id });
    const row = { id, ${field(index)}, version: (before?.version ?? 0) + 1 };
    this.rows.set(id, row);
    for (const listener of this.listeners) listener(row);
    return row;
  }

  async remove(id: string): Promise<boolean> {
    const found = await this.find(id);
    return found !== undefined && this.rows.delete(id);
  }

  onChange(listener: (row: Row${index}) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  *newest(count: number): Iterable<Row${index}> {
    const sorted = [...this.rows.values()].sort((a, b) => b.version - a.version);
    for (const row of sorted.slice(0, count)) yield row;
  }
}
`;

const clients = ({ Noun }, index) => `const log${index} = pino({ name: "${Noun}${index}" });

interface Answer${index} {
  readonly status: number;
  readonly body: unknown;
}

/** Talks to the service that knows the ${field(index)}. */
export class ${Noun}Client${index % 20} {
  private readonly base: string;
  private readonly setting = read${Noun}Setting1();

  constructor(base: string) {
    this.base = base;
  }

  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answer${index}> {
    const url = new URL(path, this.base);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    return this.send(url, { method: "GET" });
  }

  async post(path: string, body: unknown): Promise<Answer${index}> {
    const headers = { "content-type": "application/json" };
    return this.send(new URL(path, this.base), { method: "POST", headers, body: JSON.stringify(body) });
  }

  private async send(url: URL, init: RequestInit): Promise<Answer${index}> {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await fetch(url, init);
        if (response.ok) return { status: response.status, body: await response.json() };
        if (response.status < 500) throw new Invalid${Noun}2("url", response.statusText, { url: url.href });
      } catch (error) {
        log${index}.warn({ error, attempt }, "failed");
        if (attempt >= this.setting.retries) throw error;
      }
    }
  }
}
`;

const methods = ({ Noun }, index) => `interface Request${index} {
  readonly id: string;
  readonly ${field(index)}: number;
  readonly tags: readonly string[];
}

/** Handles one request for a ${Noun}. */
export async function handle${Noun}${index}(request: Request${index}, signal?: AbortSignal): Promise<string> {
  const started = performance.now();
  signal?.throwIfAborted();
  const known = await lookUp${index}(request.id);
  const tags = [...new Set([...known, ...request.tags])].filter((tag) => tag.length > 1);
  if (tags.length === 0) return \`\${request.id} has none\`;
  const spent = performance.now() - started;
  return \`\${request.id} \${tags.join(" ")} \${request.${field(index)}.toFixed(2)} \${spent.toFixed(1)}\`;
}

async function lookUp${index}(id: string): Promise<string[]> {
  const parts = id.split("-").map((part) => part.trim());
  await Promise.resolve();
  return parts.length > ${index % 5} ? parts.slice(0, ${(index % 5) + 1}) : parts;
}

export const queue${index} = {
  waiting: [] as Request${index}[],
  push(request: Request${index}): number {
    return this.waiting.push(request);
  },
  async drain(): Promise<string[]> {
    return Promise.all(this.waiting.splice(0).map((request) => handle${Noun}${index}(request)));
  },
};
`;

const routes = ({ noun, Noun }, index) => `interface Context${index} {
  readonly params: Readonly<Record<string, string>>;
  json(body: unknown, status?: number): Response;
}

/** GET /${noun}/${index} */
export async function get${Noun}${index}(context: Context${index}): Promise<Response> {
  const { id = "", page = "0" } = context.params;
  const size = ${10 + index};
  if (id === "") return context.json({ error: "no id" }, 400);
  const items = Array.from({ length: size }, (_, at) => ({ at: Number(page) * size + at, ${field(index)}: at % 3 }));
  return context.json({ id, items, next: items.length === size ? Number(page) + 1 : undefined });
}

/** POST /${noun}/${index} */
export async function post${Noun}${index}(context: Context${index}): Promise<Response> {
  const checked = check${Noun}1(context.params);
  const handled = await handle${Noun}${Math.floor(index / 20) * 20}({ id: context.params["id"] ?? "", ${field(Math.floor(index / 20) * 20)}: checked.value, tags: [...checked.notes] });
  return context.json({ handled }, checked.notes.length > 1 ? 202 : 200);
}

export const table${index} = new Map<string, (context: Context${index}) => Promise<Response>>([
  ["GET /${noun}/${index}", get${Noun}${index}],
  ["POST /${noun}/${index}", post${Noun}${index}],
]);
`;

const views = ({ noun, Noun }, index) => `interface Props${index} {
  readonly title: string;
  readonly rows: readonly { readonly id: string; readonly ${field(index)}: number }[];
  readonly isOpen?: boolean;
}

const escapes${index}: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;" };
const escape${index} = (text: string): string => text.replace(/[<>&]/g, (char) => escapes${index}[char] ?? char);

/** The table of a ${noun}, as HTML. */
export function render${Noun}${index}({ title, rows, isOpen = true }: Props${index}): string {
  const body = rows.map(({ id, ${field(index)} }) => \`<tr><td>\${escape${index}(id)}</td><td>\${format${Noun}0(${field(index)})}</td></tr>\`);
  const state = isOpen ? " open" : "";
  return \`<details\${state}><summary>\${escape${index}(title)}</summary><table>\${body.join("")}</table></details>\`;
}

export const sorted${Noun}${index} = (props: Props${index}, by: "id" | "${field(index)}"): Props${index} => ({
  ...props,
  rows: props.rows.toSorted((a, b) => (a[by] < b[by] ? -1 : 1)),
});
`;

const tasks = ({ noun, Noun }, index) => `export interface Loaded${Noun}${index} {
  readonly id: string;
  readonly ${field(index)}: number;
}

/** Loads a ${noun}, and waits longer each time that it fails. */
export async function load${Noun}${index}(id: string): Promise<Loaded${Noun}${index}> {
  "use task: retries=3, backoff=exponential(base=2, max=60s)";
  const { status, body } = await client${Noun}.get(\`${noun}/\${id}\`).catch((error) => ({ status: failed(error) ? 400 : 500, body: undefined }));
  if (status !== 200) throw new Error(\`no ${noun} \${id}: \${status}\`);
  return { id, ${field(index)}: Number(JSON.parse(String(body)).${field(index)}) };
}

export async function save${Noun}${index}(loaded: Loaded${Noun}${index}, note: string): Promise<number> {
  "use task: timeout=30s";
  const text = \`\${loaded.id} \${format${Noun}0(loaded.${field(index)})} \${note}\`;
  await client${Noun}.post("${noun}", { text });
  await rows${Noun}.save(loaded.${field(index)}, loaded.id);
  return text.length;
}
`;

const flow = ({ noun, Noun }, index, others) => `/** Brings the ${noun} of a day up to date. */
export async function update${Noun}${index}(day: string, ids: readonly string[]): Promise<number> {
  "use workflow: id=${noun}-${index}-{day}";
  let written = 0;
  for (const id of ids) {
    const loaded = await load${Noun}${index}(id);${others.map((other) => `\n    await ${other}(loaded.id);`).join("")}
    if (loaded.${field(index)} > 10) written += await save${Noun}${index}(loaded, day);
    else await sleep("1m");
  }
  await Promise.all(ids.map((id) => close${Noun}${index}(id, day)));
  try {
    written += await save${Noun}${index}({ id: day, ${field(index)}: written }, "sum");
  } catch (error) {
    if (error instanceof RangeError) return -1;
    throw error;
  } finally {
    written += 1;
  }
  return written;
}

async function close${Noun}${index}(id: string, day: string): Promise<string> {
  const loaded = await load${Noun}${index}(id);
  const length = await save${Noun}${index}(loaded, \`closed \${day}\`);
  return \`\${id} \${length}\`;
}
`;
