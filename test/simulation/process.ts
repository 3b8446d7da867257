import type { Clock, RuntimeOptions, Store } from "perdure";
import type { Logger } from "../../packages/runtime/src/config/logger.ts";
import { listeners, modules, revision, workflows } from "../../packages/runtime/src/definitions/registry.ts";
import { installed } from "../../packages/runtime/src/process/default-runtime.ts";
import type { Owners, OwnerState } from "../../packages/runtime/src/process/owner.ts";
import { Runtime } from "../../packages/runtime/src/process/runtime.ts";
import { EventLoop, VirtualClock } from "./event-loop.ts";
import { goodLine, storeSeenBy, type Caller, type Line, type World } from "./network.ts";
import { MODULES, type Module } from "./programs/shapes.ts";

/** What all virtual processes share. */
export interface Surroundings extends World {
  readonly store: Store;
  readonly processes: readonly VirtualProcess[];
  witness(process: VirtualProcess): Omit<Caller, "loop" | "isGone" | "line"> & { readonly logger: Logger };
}

const allModules = [...modules];
const allWorkflows = [...workflows];

/** What is in the registry of a process that has loaded these modules. */
interface Registry {
  readonly modules: typeof allModules;
  readonly workflows: typeof allWorkflows;
}

function registryOf(loaded: ReadonlySet<Module>): Registry {
  const hidden = MODULES.filter((module) => !loaded.has(module)).map((module) => `/${module}.ts`);
  const isLoaded = (file: string): boolean => !hidden.some((end) => file.endsWith(end));
  return {
    modules: allModules.filter(([file]) => isLoaded(file)),
    workflows: allWorkflows.filter(([, files]) => [...files.keys()].every(isLoaded)),
  };
}

function show(registry: Registry): void {
  modules.clear();
  workflows.clear();
  for (const [file, info] of registry.modules) modules.set(file, info);
  for (const [name, files] of registry.workflows) workflows.set(name, files);
}

const revisionOf = (loaded: ReadonlySet<Module>): number =>
  MODULES.reduce((sum, module, bit) => sum + (loaded.has(module) ? 2 ** bit : 0), 1000);

/** The process whose code is running. */
let current: VirtualProcess | undefined;

export const currentProcess = (): VirtualProcess | undefined => current;

/** One process of the simulation: a runtime with clocks, an event loop, loaded modules, and a line to the store of its own. */
export class VirtualProcess implements Owners {
  readonly name: string;
  readonly machine: number;
  readonly loop: EventLoop;
  readonly clock: VirtualClock & Clock;
  readonly runtime: Runtime;
  readonly lease: number;
  /** In the time of the world. */
  readonly bornAt: number;
  readonly loaded: Set<Module>;
  readonly here = new Set<string>();
  line: Line = goodLine;
  /** Crashed, or ended after it was closed: none of its code ever runs again. */
  isGone = false;
  isClosing = false;

  private registry: Registry;
  private readonly around: Surroundings;
  private readonly listeners = new Set<() => void>();

  constructor(
    around: Surroundings,
    name: string,
    machine: number,
    ahead: number,
    loaded: readonly Module[],
    options: RuntimeOptions & { readonly lease: number },
  ) {
    this.around = around;
    this.name = name;
    this.machine = machine;
    this.bornAt = around.time.now;
    this.loaded = new Set(loaded);
    this.registry = registryOf(this.loaded);
    this.lease = options.lease;
    this.loop = new EventLoop(around.time, around.random);
    this.clock = new VirtualClock(around.time, this.loop, ahead);
    const { logger, ...witness } = around.witness(this);
    const caller: Caller = Object.defineProperties(witness as Caller, {
      loop: { value: this.loop },
      isGone: { get: () => this.isGone },
      line: { get: () => this.line },
    });
    const store = storeSeenBy(around.store, caller, around);
    this.runtime = new Runtime({ ...options, store, clock: this.clock, logger, seed: (run) => run }, this);
  }

  /** Lets code of this process run: from now on, until another process is entered. */
  enter(): void {
    if (current === this) return;
    leave();
    current = this; // oxlint-disable-line typescript/no-this-alias -- it is the variable of the module
    installed.runtime = this.runtime;
    show(this.registry);
    revision.count = revisionOf(this.loaded);
    for (const listener of this.listeners) listeners.add(listener);
  }

  keepListeners(): void {
    this.listeners.clear();
    for (const listener of listeners) this.listeners.add(listener);
  }

  load(module: Module): void {
    if (this.loaded.has(module)) return;
    leave();
    this.loaded.add(module);
    this.registry = registryOf(this.loaded);
    this.enter();
    for (const registered of listeners) registered();
  }

  get isPaused(): boolean {
    return this.loop.pausedUntil > this.around.time.now;
  }

  pause(milliseconds: number): void {
    this.loop.pausedUntil = Math.max(this.loop.pausedUntil, this.around.time.now + milliseconds);
  }

  /** SIGKILL. */
  crash(): void {
    this.isGone = true;
    this.loop.clear();
  }

  // --- what it knows of owners

  create(): string {
    this.here.add(this.name);
    return this.name;
  }

  end(name: string): void {
    this.here.delete(name);
  }

  /** A process sees those of its own machine. What it sees is true. */
  stateOf(name: string): OwnerState {
    if (this.here.has(name)) return "alive";
    const other = this.around.processes.find((each) => each.name === name);
    if (other === this) return "dead";
    if (!other || other.machine !== this.machine) return "unknown";
    return other.isGone ? "dead" : "alive";
  }
}

/** No code of any process runs. */
export function leave(): void {
  current?.keepListeners();
  current = undefined;
  listeners.clear();
  installed.runtime = undefined;
}

/** Every module is loaded, as before the first process. */
export function restoreModules(): void {
  leave();
  show(registryOf(new Set(MODULES)));
}
