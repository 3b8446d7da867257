import { joinStepId, type ChanceSource, type Segment } from "@perdure/protocol";
import type { Definition } from "../definitions/definition.ts";
import { Chance, recordedValue, type Moment } from "../values/chance.ts";
import { SHELTERS, type Shelter } from "./cancellation.ts";
import type { Frame, CallingScope } from "./frame.ts";
import type { RunInMemory, StepSpec } from "./step.ts";

interface Counter {
  /** The function that is called. */
  readonly what: string;
  /** 0, or the number that tells this caller's steps from those of another caller with the same path and name. */
  readonly variant: number;
  next: number;
}

/** What the views of one scope share, whatever their shelter. */
class Tally {
  /** Most scopes call one function, or a few. */
  private readonly counters: Counter[] = [];
  private byFunction: Map<string, Counter> | undefined;
  chance: Chance | undefined;

  counterOf(what: string): Counter | undefined {
    if (this.byFunction) return this.byFunction.get(what);
    for (const counter of this.counters) if (counter.what === what) return counter;
    return undefined;
  }

  add(what: string, variant: number, next = 0): Counter {
    const counter = { what, variant, next };
    this.counters.push(counter);
    if (this.byFunction) this.byFunction.set(what, counter);
    else if (this.counters.length > FEW) this.byFunction = new Map(this.counters.map((each) => [each.what, each]));
    return counter;
  }
}

const FEW = 8;

interface Sheltered {
  readonly shelter: Shelter;
  readonly isCleanUp: boolean;
}

const PLAIN: Sheltered = { shelter: "none", isCleanUp: false };
const CLEAN_UP: Sheltered = { shelter: "clean-up", isCleanUp: true };
const SHIELD: Sheltered = { shelter: "shield", isCleanUp: false };

/** The name under which scopes of one path are told apart when they draw random values. No step has such a name. */
const CHANCE = "\0";

/**
 * One activation of a function with durable calls, or one iteration of a loop. It counts the calls made in it (R1).
 *
 * A counter belongs to one activation and one called function, so concurrent branches never share a counter. Two closures
 * of one name in one scope have the same path (`map[0]`). Their calls differ by name; only where both call a function of
 * one name does the second caller get a variant. So inserting a closure or a loop leaves the ids of all other steps unchanged.
 *
 * Clean-up is the same scope in another shelter: it counts on, and everything that is called from there has that shelter too (R11).
 */
export class Scope implements Moment, CallingScope {
  readonly kind = "scope";
  readonly execution: RunInMemory;
  readonly frame: Frame;
  readonly shelter: Shelter;
  readonly isCleanUp: boolean;
  private readonly parent: Scope | undefined;
  private readonly segment: Segment | undefined;
  private ownPath: string | undefined;
  private readonly tally: Tally;

  private constructor(
    execution: RunInMemory,
    frame: Frame,
    { shelter, isCleanUp }: Sheltered,
    parent: Scope | undefined,
    segment: Segment | undefined,
    tally: Tally = new Tally(),
  ) {
    this.execution = execution;
    this.frame = frame;
    this.shelter = shelter;
    this.isCleanUp = isCleanUp;
    this.parent = parent;
    this.segment = segment;
    this.tally = tally;
  }

  static root(execution: RunInMemory, definition: Definition): Scope {
    return new Scope(execution, { parent: undefined, activeAt: 0, definition }, PLAIN, undefined, undefined);
  }

  get path(): string {
    return (this.ownPath ??= this.parent && this.segment ? joinStepId(this.parent.path, this.segment) : "");
  }

  /** What stands for this activation in all its views, then for each activation around it. */
  *activations(): Generator<object> {
    yield this.tally;
    if (this.parent) yield* this.parent.activations();
  }

  /** The scope of a function entered from here. @param calledAt - the place of its call, if the compiler saw it */
  enter(definition: Definition, calledAt: string | undefined): Scope {
    const { key: what, info } = definition;
    const now = this.execution.delivered;
    this.frame.activeAt = now;
    const counter = this.tally.counterOf(what) ?? this.tally.add(what, 0);
    const frame = { parent: this.frame, activeAt: now, definition, calledAt };
    return new Scope(this.execution, frame, this, this, { name: info.name, variant: 0, index: counter.next++ });
  }

  /** The scope of an iteration of a loop, or of a key given by hand: the same activation, another counter. */
  within(segment: Segment): Scope {
    return new Scope(this.execution, this.frame, this, this, segment);
  }

  /** This scope, in clean-up. */
  get inCleanUp(): Scope {
    return this.calledFrom(CLEAN_UP);
  }

  /** This scope, where a cancellation does nothing. */
  get shielded(): Scope {
    return this.calledFrom(SHIELD);
  }

  /** This scope, for code that is called from there: the shelter that protects more counts. */
  calledFrom(caller: Sheltered): Scope {
    const shelter = SHELTERS.indexOf(caller.shelter) > SHELTERS.indexOf(this.shelter) ? caller.shelter : this.shelter;
    const isCleanUp = this.isCleanUp || caller.isCleanUp;
    if (shelter === this.shelter && isCleanUp === this.isCleanUp) return this;
    return new Scope(this.execution, this.frame, { shelter, isCleanUp }, this.parent, this.segment, this.tally);
  }

  /** The id of the next call of `what`. */
  nextId(name: string, what: string): string {
    this.frame.activeAt = this.execution.delivered;
    const { path, tally } = this;
    const counter = tally.counterOf(what);
    if (counter) return joinStepId(path, { name, variant: counter.variant, index: counter.next++ });
    const first = joinStepId(path, { name, variant: 0, index: 0 });
    const variant = this.execution.nextVariant(first);
    tally.add(what, variant, 1);
    return variant === 0 ? first : joinStepId(path, { name, variant, index: 0 });
  }

  /** A durable call from this scope. */
  call(spec: StepSpec): Promise<unknown> {
    return this.execution.call(this, spec);
  }

  /** What every replay reads here in place of `real`. */
  recorded<T>(source: ChanceSource, real: T): T {
    return recordedValue(source, real, this) as T;
  }

  get start(): number {
    return this.execution.run.startedAt;
  }

  get now(): number {
    return this.execution.now;
  }

  get chance(): Chance {
    const { execution, path, tally } = this;
    return (tally.chance ??= new Chance(execution.run.seed, `${path} ${execution.nextVariant(`${path}/${CHANCE}`)}`));
  }
}
