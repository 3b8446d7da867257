import { App, ITEMS, World } from "./app.ts";
import { Project } from "./project.ts";
import type { Row } from "./rows.ts";

/** What is done with a project, in this order. */
const phases = ["install", "build", "start", "kill", "resume", "stop", "edit"] as const;

type Phase = (typeof phases)[number];

/** What became of each phase: "ok", perhaps with more to know, "–" if there is no such thing, else the reason. */
export interface Played {
  readonly row: Row;
  readonly version: string;
  readonly cells: Readonly<Partial<Record<Phase, string>>>;
  readonly seconds: number;
}

/** Milliseconds that a program has to end after SIGTERM: Docker's default. */
const GRACE = 10_000;

/** Installs, builds and runs one project through all phases. The first failure ends it. */
export async function play(row: Row, packages: Readonly<Record<string, string>>): Promise<Played> {
  const started = Date.now();
  const cells: Partial<Record<Phase, string>> = {};
  const world = new World();
  let version = "";
  let phase: Phase = "install";
  const done = (next: Phase): void => {
    cells[phase] ??= "ok";
    phase = next;
  };
  const running = new Set<App>();
  try {
    const project = await Project.create(row, packages);
    version = project.version;
    const game = new Game(row, project, world, running);
    done("build");
    cells.build = await game.build();
    await (row.isScript ? game.script(done) : game.server(done));
    if (row.isScript) cells.stop = "–";
    done("edit");
    cells.edit = await game.edit();
  } catch (error) {
    cells[phase] = `failed: ${describe(error)}`;
  } finally {
    for (const app of running) await app.kill();
    world.remove();
  }
  return { row, version, cells, seconds: (Date.now() - started) / 1000 };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${describe(error.cause)}`;
}

class Game {
  private readonly row: Row;
  private readonly project: Project;
  private readonly world: World;
  private readonly running: Set<App>;

  constructor(row: Row, project: Project, world: World, running: Set<App>) {
    this.row = row;
    this.project = project;
    this.world = world;
    this.running = running;
  }

  async build(): Promise<string> {
    const { build } = this.project.scripts;
    if (build === undefined) return "–";
    const app = await this.run(() => ["sh", "-c", `exec env ${build}`]);
    const end = await app.exit(300_000);
    if (end !== "exit 0") throw new Error(`${build}: ${end}\n${app.tail}`);
    const published = this.project.files.filter((file) => /\b(?:client|public|static)\b.*perdure\.manifest/.test(file));
    if (published.length > 0) throw new Error(`browsers can read ${published.join(", ")}`);
    return "ok";
  }

  /** A server: killed in the middle of a run, and ended in the middle of another one. */
  async server(done: (next: Phase) => void): Promise<void> {
    done("start");
    const first = await this.launch();
    await first.ready();
    if (this.row.hasReceipts) await first.receipt("7");
    await first.post("a");
    done("kill");
    await this.begun(first, "a");
    await first.kill();

    done("resume");
    const second = await this.launch();
    // with no request, so the modules of the routes may not be loaded
    await this.finished(second, "a");
    await this.completed(second, "a");
    this.checkEffects("a", 1);

    done("stop");
    await second.post("b");
    await this.begun(second, "b");
    const end = await second.stop(GRACE);
    if (end !== "exit 0") throw new Error(`after SIGTERM: ${end}\n${second.tail}`);
    const third = await this.launch();
    await this.finished(third, "b");
    await this.completed(third, "b");
    // what was in flight has ended before the process did
    this.checkEffects("b", 0);
    await third.kill();
  }

  /** A script: killed in the middle of a run, and called again for another one. */
  async script(done: (next: Phase) => void): Promise<void> {
    done("start");
    const first = await this.launch("a");
    await this.begun(first, "a");
    done("kill");
    await first.kill();
    done("resume");
    await this.call("b");
    this.checkEffects("a", 1);
    this.checkEffects("b", 0);
  }

  /** A changed and an inserted task, in the middle of a run. */
  async edit(): Promise<string> {
    if (this.row.isScript) return this.editScript();
    const { dev } = this.project.scripts;
    if (dev === undefined) return "–";
    // long enough for the server to build the changed module in the middle of the run
    this.project.writeWorkflow("order.ts", 1000);
    const app = await this.run((port) => ["sh", "-c", `exec env ${dev} ${this.row.devPort?.(port) ?? ""}`]);
    await app.ready();
    if (this.row.hasReceipts) await app.receipt("8");
    await app.post("c");
    await this.begun(app, "c", 2);
    this.project.writeWorkflow("order-edited.ts", 1000);
    await this.finished(app, "c");
    await this.completed(app, "c");
    this.checkEffects("c", 1);
    await app.until("the new code is used", async () => {
      const order = `d${Date.now()}`;
      await app.post(order).catch(() => undefined);
      await app.until("the next run begins", () => this.world.effects(order).length > 0, 10_000).catch(() => undefined);
      return this.world.effects(order)[0]?.includes("boxed") === true;
    });
    await app.kill();
    return `ok, ${this.finishedBy("c")}`;
  }

  /** An edit between a killed call and the next one. */
  private async editScript(): Promise<string> {
    const app = await this.launch("c");
    await this.begun(app, "c");
    await app.kill();
    this.project.writeWorkflow("order-edited.ts");
    await this.call("d");
    this.checkEffects("c", 1);
    this.checkEffects("d", 0);
    if (this.finishedBy("c") !== "new code" || this.finishedBy("d") !== "new code")
      throw new Error(`not finished by the new code: ${this.world.effects("c").join(" · ")}`);
    return "ok, new code";
  }

  /** The last task of the changed workflow leaves a line of its own. */
  private finishedBy(order: string): string {
    return this.world.effects(order).at(-1) === `${order} labelled` ? "new code" : "old code";
  }

  /** Each item is packed once, and at most `twice` of them once more. */
  private checkEffects(order: string, twice: number): void {
    const packed = this.world.packed(order);
    const again = [...packed.values()].filter((count) => count > 1);
    if (packed.size !== ITEMS || again.length > twice || again.some((count) => count > 2))
      throw new Error(`the tasks ran wrongly: ${this.world.effects(order).join(" · ")}`);
  }

  /** The run is in its middle. */
  private begun(app: App, order: string, items = 3): Promise<void> {
    return app.until(`${items} items of ${order} are packed`, () => this.world.packed(order).size >= items);
  }

  private finished(app: App, order: string): Promise<void> {
    return app.until(`the items of ${order} are packed`, () => this.world.packed(order).size === ITEMS);
  }

  private async completed(app: App, order: string): Promise<void> {
    let status = "";
    const isCompleted = async (): Promise<boolean> => (status = await app.status(order)) === "completed";
    await app.until(`the run of ${order} is completed`, isCompleted).catch((error: unknown) => {
      throw new Error(`the status of ${order}: ${status}`, { cause: error });
    });
  }

  private async call(order: string): Promise<void> {
    const app = await this.launch(order);
    const end = await app.exit();
    if (end !== "exit 0") throw new Error(`${end}\n${app.tail}`);
  }

  /** Starts the project as in production. */
  private launch(argument = ""): Promise<App> {
    const command = this.row.start?.() ?? ["sh", "-c", `exec env ${this.project.scripts["start"]} ${argument}`];
    return this.run(() => command);
  }

  private async run(command: (port: number) => readonly string[]): Promise<App> {
    const app = await App.start(command, this.project, this.world);
    this.running.add(app);
    return app;
  }
}

/** The table of what was played, for people. */
export function tableOf(played: readonly Played[]): string {
  const short = (cell: string): string => cell.split("\n")[0]?.slice(0, 90) ?? "";
  const lines = [
    ["framework", "version", ...phases, "s"],
    ...played.map(({ row, version, cells, seconds }) => [
      row.title,
      version,
      ...phases.map((phase) => short(cells[phase] ?? "")),
      seconds.toFixed(0),
    ]),
  ];
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What failed, with what the programs printed. */
export const failuresOf = (played: readonly Played[]): string[] =>
  played.flatMap(({ row, cells }) =>
    Object.entries(cells).flatMap(([phase, cell]) =>
      /^ok\b|^–$/.test(cell) ? [] : [`${row.title}, ${phase}: ${cell}`],
    ),
  );
