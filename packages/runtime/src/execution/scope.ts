import { joinStepId, type ChanceSource, type Segment } from "@perdure/protocol";
import { Chance, recordedValue, type Moment } from "./chance.ts";
import type { Body } from "./host.ts";
import type { Execution } from "./execution.ts";
import type { TaskContext } from "../steps/task.ts";

/** What the current code runs in: a scope of a run, an attempt of a task, or the taking up of a workflow's body. */
export type Context =
  Scope | { readonly kind: "task"; readonly task: TaskContext } | { readonly kind: "launch"; body: Body | undefined };

/**
 * One activation of a function, for the two questions about it that concern errors: was it there when the run was
 * cancelled, and did it go on after something failed.
 */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Completions that had been delivered when it was entered, and when it last began a step or entered a function. */
  readonly enteredAt: number;
  activeAt: number;
  /** It, or a function it called, has got its CancelledError. */
  cancelled: boolean;
}

interface Counter {
  /** 0, or what tells this caller's steps from those of another one of the same path and name. */
  readonly variant: number;
  next: number;
}

/** What tells apart the chance of two scopes of one path; no step has such a name. */
const CHANCE = "\0";

/**
 * One activation of a function with durable calls, or one iteration of a loop: a place that counts what is called in it.
 *
 * Counters belong to the activation and to what is called, so concurrent branches share none. Two different closures
 * of one name in one scope have the same path (`map[0]`): what they call is told apart by name first, and only where
 * both call something of one name by the variant. So a closure or loop inserted anywhere leaves the ids of others alone.
 */
export class Scope implements Moment {
  readonly kind = "scope";
  readonly execution: Execution;
  readonly frame: Frame;
  private readonly parent: Scope | undefined;
  private readonly segment: Segment | undefined;
  private ownPath: string | undefined;
  private ownChance: Chance | undefined;
  private readonly counters = new Map<string, Counter>();

  private constructor(execution: Execution, frame: Frame, parent?: Scope, segment?: Segment) {
    this.execution = execution;
    this.frame = frame;
    this.parent = parent;
    this.segment = segment;
  }

  static root(execution: Execution): Scope {
    return new Scope(execution, { parent: undefined, enteredAt: 0, activeAt: 0, cancelled: false });
  }

  get path(): string {
    return (this.ownPath ??= this.parent && this.segment ? joinStepId(this.parent.path, this.segment) : "");
  }

  /** The scope of a function entered from here. */
  enter(name: string, what: string): Scope {
    const now = this.execution.delivered;
    this.frame.activeAt = now;
    const counter = this.counters.get(what) ?? this.count(what, 0);
    const frame = { parent: this.frame, enteredAt: now, activeAt: now, cancelled: false };
    return new Scope(this.execution, frame, this, { name, variant: 0, index: counter.next++ });
  }

  /** The scope of an iteration of a loop, or of a key given by hand: the same activation, another counter. */
  within(segment: Segment): Scope {
    return new Scope(this.execution, this.frame, this, segment);
  }

  /** The id of the next call of `what`. */
  nextId(name: string, what: string): string {
    this.frame.activeAt = this.execution.delivered;
    const counter = this.counters.get(what) ?? this.count(what, this.execution.nextVariant(this.path, name));
    return joinStepId(this.path, { name, variant: counter.variant, index: counter.next++ });
  }

  /** What every replay reads here in place of `real`. */
  recorded<T>(source: ChanceSource, real: T): T {
    return recordedValue(source, real, this) as T;
  }

  get start(): number {
    return this.execution.run.createdAt;
  }

  get now(): number {
    return this.execution.now;
  }

  get chance(): Chance {
    const { execution, path } = this;
    return (this.ownChance ??= new Chance(execution.run.seed, `${path} ${execution.nextVariant(path, CHANCE)}`));
  }

  private count(what: string, variant: number): Counter {
    const counter = { variant, next: 0 };
    this.counters.set(what, counter);
    return counter;
  }
}
