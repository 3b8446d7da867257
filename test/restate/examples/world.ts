import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/** Something that an example has done: an attempt of a task began, the task has printed a line, or the workflow has. */
export interface Effect {
  readonly kind: "started" | "said" | "logged";
  readonly line: string;
}

/** After which effects of a kind the process dies. */
export interface Plan {
  readonly kind: Effect["kind"];
  readonly kills: readonly number[];
}

/** What happened in one run of an example, in files that outlive its process. */
export class World {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  begin(plan: Plan): void {
    writeFileSync(`${this.path}.plan`, JSON.stringify(plan));
    writeFileSync(this.path, "");
  }

  get effects(): Effect[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n");
    return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Effect]));
  }

  /** The process that serves the example: the one that dies. */
  serves(): void {
    writeFileSync(`${this.path}.pid`, String(process.pid));
  }

  /** Records it. True: the process of the example has been killed for it. */
  note(effect: Effect): boolean {
    appendFileSync(this.path, `${JSON.stringify(effect)}\n`);
    const { kind, kills } = JSON.parse(readFileSync(`${this.path}.plan`, "utf8")) as Plan;
    if (effect.kind !== kind) return false;
    const isLast = kills.includes(this.effects.filter((each) => each.kind === kind).length);
    if (isLast) process.kill(Number(readFileSync(`${this.path}.pid`, "utf8")), "SIGKILL");
    return isLast;
  }
}
