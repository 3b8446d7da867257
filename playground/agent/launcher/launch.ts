import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stdout } from "node:process";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../../../test/servers.ts";
import { ServerProcess } from "./server-process.ts";
import { Viewer, type Chunk } from "./viewer.ts";

const QUESTION = "Whose heart is heavier, that of a whale or of a giraffe?";

/** At which words, counted over all turns, the server is killed: in the first turn, and in the long answer. */
const KILLS = [5, 60];

/** Asks the agent, kills its server twice in the middle of what it says, approves its e-mail, and looks what came of it. Returns whether everything is as expected. */
export async function launch(home: string): Promise<boolean> {
  for (const file of [
    "perdure.db",
    "perdure.db-wal",
    "perdure.db-shm",
    "tools.log",
    "outbox.log",
    "calls.log",
    "server.log",
  ])
    rmSync(join(home, file), { force: true });
  mkdirSync(home, { recursive: true });
  const server = new ServerProcess(home, await freePort());
  await server.start();
  try {
    return judge(home, await story(server));
  } finally {
    if (stdout.isTTY) {
      console.log(
        `\nThe page is at ${server.url}. Ask it something, kill process ${server.pid}, and start it again. Ctrl+C ends it.`,
      );
      await new Promise((done) => process.once("SIGINT", done));
    }
    await server.stop();
  }
}

interface Story {
  readonly viewer: Viewer;
  readonly kills: number;
  readonly status: string;
}

async function story(server: ServerProcess): Promise<Story> {
  console.log(`\nThe agent is process ${server.pid}, its page ${server.url}\n\n> ${QUESTION}\n`);
  const { id } = await post<{ readonly id: string }>(`${server.url}/runs`, { question: QUESTION });
  const run = `${server.url}/runs/${encodeURIComponent(id)}`;
  let words = 0;
  let kills = 0;
  const viewer = new Viewer(`${run}/stream`, (chunk) => {
    show(chunk);
    if (chunk.type !== "text-delta" || ++words !== KILLS[kills]) return;
    kills++;
    const { pid } = server;
    void server
      .kill()
      .then(() => say(`kill -9 ${pid}, in the middle of a sentence`))
      .then(() => setTimeout(500))
      .then(() => server.start())
      .then(() => say(`started again as ${server.pid}: the call that was cut off is made again, nothing else`));
  });
  await approveAll(run, viewer);
  await viewer.ended;
  const { status } = await get<{ readonly status: string }>(run);
  return { viewer, kills, status };
}

/** A person who approves each e-mail, until the stream has ended. */
async function approveAll(run: string, viewer: Viewer): Promise<void> {
  let isOver = false;
  void viewer.ended.finally(() => (isOver = true)).catch(() => {});
  while (!isOver) {
    const waiting = await get<readonly { readonly toolCallId: string; readonly input: { readonly to: string } }[]>(
      `${run}/approvals`,
    ).catch(() => []); // the server is away
    for (const { toolCallId, input } of waiting) {
      say(`approved: an e-mail to ${input.to}`);
      await post(`${run}/approvals/${encodeURIComponent(toolCallId)}`, { approved: true });
    }
    await setTimeout(100);
  }
}

function show({ type, delta = "", toolName }: Chunk): void {
  if (type === "text-delta") stdout.write(delta);
  if (type === "text-end") stdout.write("\n");
  if (type === "tool-input-available") stdout.write(`  [${toolName}]\n`);
}

const say = (what: string): void => void stdout.write(`\n  ── ${what}\n`);

function judge(home: string, { viewer, kills, status }: Story): boolean {
  const calls = linesOf<{ readonly turn: number }>(join(home, "calls.log"));
  const tools = linesOf<{ readonly name: string; readonly input: unknown }>(join(home, "tools.log"));
  const mails = linesOf<{ readonly key: string; readonly body: string }>(join(home, "outbox.log"));
  const turns = new Set(calls.map(({ turn }) => turn)).size;
  const findings: readonly [boolean, string][] = [
    [status === "completed", `the run is ${status}`],
    [kills === KILLS.length, `the server was killed ${kills} times while the model was speaking`],
    [
      calls.length <= turns + kills,
      `the model was called ${calls.length} times for ${turns} turns: again only what was cut off`,
    ],
    [
      new Set(tools.map((each) => JSON.stringify([each.name, each.input]))).size === tools.length,
      `${tools.length} calls of tools were made, none of them twice`,
    ],
    [mails.length === 1, `${mails.length} e-mail was sent`],
    [
      viewer.repeated.length === 0 && viewer.text.includes(mails[0]?.body ?? "nothing was sent"),
      `the viewer connected ${viewer.connections} times, and has each word once (${viewer.resets} times it was told that a sentence begins anew)`,
    ],
  ];
  console.log();
  for (const [isTrue, text] of findings) console.log(`${isTrue ? "✓" : "✗"} ${text}`);
  return findings.every(([isTrue]) => isTrue);
}

function linesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

async function post<T>(url: string, body: object): Promise<T> {
  return answerOf(await fetch(url, { method: "POST", body: JSON.stringify(body) }));
}

async function get<T>(url: string): Promise<T> {
  return answerOf(await fetch(url));
}

async function answerOf<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
