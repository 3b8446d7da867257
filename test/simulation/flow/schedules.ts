import { getSchedule, schedule, unschedule, type Run, type ScheduleOptions } from "perdure";
import type { ScheduleRow } from "../../../packages/store/src/index.ts";
import type { Choices } from "../../random-programs/choices.ts";
import type { VirtualProcess } from "../process.ts";
import { ticking, type Shape } from "../programs/shapes.ts";
import type { Truth } from "../witness.ts";
import { expressions, NEVER, type Times } from "./times.ts";

/** A schedule, as somebody defines it. */
interface Definition {
  readonly when: string | number;
  readonly shape: Shape;
  readonly value: number;
  readonly options: ScheduleOptions;
}

interface World {
  readonly random: Choices;
  readonly truth: Truth;
}

type Do = (
  process: VirtualProcess,
  what: string,
  call: () => Promise<unknown>,
  then?: (answer: unknown) => void,
) => void;

/** The one of a directive, which each worker records. */
const DIRECTIVE = "everyTwelve";

/** What people and programs do to schedules. */
export class Schedules {
  /** How often somebody asked for a run beside the ticks, by schedule. */
  readonly asked = new Map<string, number>();
  private readonly world: World;
  private readonly do: Do;
  private readonly started: Set<string>;
  /** As the program defines them now. */
  private readonly definitions = new Map<string, Definition>();

  /** @param started - to which the runs are added that somebody got */
  constructor(world: World, act: Do, started: Set<string>) {
    this.world = world;
    this.do = act;
    this.started = started;
    for (let count = world.random.between(1, 3); count > 0; count--)
      this.definitions.set(`s${count}`, definition(world.random));
  }

  /** What a program does when it starts. */
  begin(process: VirtualProcess): void {
    if (process.loaded.has("ticking")) for (const name of this.definitions.keys()) this.define(process, name);
  }

  actions(process: VirtualProcess): [number, () => void][] {
    if (!process.loaded.has("ticking")) return [];
    const { random } = this.world;
    const name = random.pick([...this.definitions.keys(), ...(random.chance(20) ? [DIRECTIVE] : [])]);
    return [
      [4, () => this.begin(process)],
      [4, () => this.change(process, name)],
      [3, () => this.do(process, `pause(${name})`, async () => (await getSchedule(name)).pause())],
      [4, () => this.do(process, `resume(${name})`, async () => (await getSchedule(name)).resume())],
      [2, () => this.trigger(process, name)],
      [1, () => this.do(process, `unschedule(${name})`, () => unschedule(name))],
    ];
  }

  private define(process: VirtualProcess, name: string): void {
    const { when, shape, value, options } = this.definitions.get(name) ?? definition(this.world.random);
    const workflow = shape.workflow as (value: number) => Promise<unknown>;
    this.do(
      process,
      `schedule(${name}, ${when}, ${workflow.name}, ${JSON.stringify(options)})`,
      async () => void (await schedule(name, when, workflow, [value], options)),
    );
  }

  /** A new version of the program: other times, or another treatment of ticks. */
  private change(process: VirtualProcess, name: string): void {
    const { random } = this.world;
    const old = this.definitions.get(name);
    if (!old) return;
    const other = definition(random);
    this.definitions.set(name, random.chance(50) ? other : { ...other, when: old.when });
    this.define(process, name);
  }

  private trigger(process: VirtualProcess, name: string): void {
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    this.do(
      process,
      `trigger(${name})`,
      async () => (await getSchedule(name)).trigger(),
      (run) => void this.started.add((run as Run).id),
    );
  }

  // --- at the end

  /** No schedule ticks any more; what waits goes on. */
  silence(process: VirtualProcess): void {
    for (const row of this.rows()) {
      const { name, overlap, paused } = row;
      const brief = ticking.brief.workflow as (value: number) => Promise<unknown>;
      const isNamed = !isSilent(row);
      if (!isNamed && !paused) continue;
      this.do(process, `silence(${name})`, async () => {
        if (isNamed) await schedule(name, NEVER, brief, [0], { overlap });
        await (await getSchedule(name)).resume();
      });
    }
  }

  get areAtRest(): boolean {
    return this.rows().every((row) => isSilent(row) && row.paused !== true && row.waiting.length === 0);
  }

  private rows(): readonly ScheduleRow[] {
    return (this.world.truth.store.listSchedules?.() ?? []) as ScheduleRow[];
  }
}

function isSilent({ timing }: ScheduleRow): boolean {
  const times = JSON.parse(timing) as Times;
  return "cron" in times && times.cron === NEVER;
}

function definition(random: Choices): Definition {
  const isCron = random.chance(40);
  const when = isCron ? random.pick(expressions) : random.pick([2000, "3s", "5s", 7531, "13s", "40s"]);
  return {
    when,
    shape: random.pick(Object.values(ticking).filter(({ args }) => args.length > 0)),
    value: random.pick([1, 2]),
    options: {
      ...(random.chance(30) && { jitter: random.pick([500, 3000, 60_000]) }),
      ...(random.chance(75) && { catchUp: random.pick(["none", "last", "all"] as const) }),
      ...(random.chance(80) && { overlap: random.pick(["skip", "queue", "cancel-running", "allow"] as const) }),
    },
  };
}
