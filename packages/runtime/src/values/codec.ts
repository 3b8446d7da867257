import { PerdureError } from "@perdure/protocol";
import type { Encoded } from "@perdure/store";
import { parse, stringify } from "devalue";
import { guarded, describe, textOf } from "./describe.ts";
import { encodeError, type ErrorClasses } from "./error-data.ts";
import { Inspection, setProperty } from "./inspection.ts";
import { classKind, specialKinds, specialNameOf, type Kind, type SpecialName } from "./kinds.ts";
import { asNotStorable, culpritOf } from "./not-storable.ts";
import { jsonOf } from "./plain.ts";

/** Turns values into text and back. Pass your own to `configure({ codec })` to encrypt values or to use another format. */
export interface Codec {
  /** @throws any error for a value that cannot be stored. Its `message`, and its `path` such as `.client.socket`, are quoted in Perdure's. */
  encode(value: unknown): string;
  decode(text: string): unknown;
}

interface OwnCodec extends Codec {
  /** What follows it at the beginning of a text is JSON, whose decoding calls no function of the program. */
  readonly dataMark: string;
}

/** A class whose instances may be results, inputs and payloads. */
export interface ClassCodec<T = unknown> {
  /** The constructor. Instances are recognized with `instanceof`, the most derived registered class first. */
  readonly type: abstract new (...args: never[]) => T;
  /** Name in the store. Default: the class's name. It must not change while runs hold instances. */
  readonly name?: string;
  /** Turns the instance into a value that can be stored. The value must not lead back to the instance: `decode` would get it incomplete. */
  encode(instance: T): unknown;
  decode(data: unknown): T;
}

/** Prefix of every stored value. */
const VERSION = "1:";

/** Prefix of a value that is stored as JSON. A text of devalue begins with a bracket or a number. */
const JSON_MARK = "=";

const noClasses: ErrorClasses = { nameOf: () => undefined, prototypeOf: () => undefined };

type Reducers = Record<string, (value: unknown) => unknown>;

/**
 * The default codec: JSON for plain data in which nothing is repeated, else devalue's format, extended.
 *
 * Kept: JSON data, undefined, NaN, -0, bigint, Date, Map, Set, URL, URLSearchParams, RegExp (not its `lastIndex`), boxed primitives,
 * `arguments`, ArrayBuffer, DataView, typed arrays, Buffer, errors, instances of registered classes, holes, cycles, repeated
 * references, objects without a prototype, and own enumerable properties, whatever their names (except those added to buffers and
 * views). A getter is read once (again where views share memory) and comes back as its value. A `toJSON` is a function like any other. An instance of a class that
 * extends a built-in class comes back as one of the built-in class, except an error whose class is in `errorClasses`: it comes back as one of its
 * class, made without the constructor, so that it has no private fields.
 *
 * Refused, with the path: functions, symbols, symbol keys, promises, instances of other classes, SharedArrayBuffer, detached buffers,
 * getters that throw, and data nested more than 1000 levels deep.
 *
 * A view stores only the bytes that it shows. Views of one buffer that are stored together still share memory if they overlap, or if
 * the whole buffer is stored too; otherwise each gets a buffer of its own.
 */
export function createCodec(classes: readonly ClassCodec[] = [], errorClasses: ErrorClasses = noClasses): OwnCodec {
  const registered = derivedFirst(classes).map((each) => ({ type: each.type, kind: classKind(each) }));
  const special = specialKinds(
    (error, inspection) =>
      encodeError(error, errorClasses, (field, depth) => problemWith(field, inspection.depthOf(error) + depth)),
    errorClasses,
  );
  const revived = new WeakMap<object, object>();
  const revivers = Object.fromEntries(
    [...registered.map(({ kind }) => kind), ...Object.values(special)].map((kind) => [
      kind.name,
      (data: object) => revive(kind, data, revived),
    ]),
  );

  /** @param isShallow - whether errors count as storable, whatever is in them */
  function encode(value: unknown, inspection: Inspection, isShallow = false): string {
    const reducers: Reducers = {};
    for (const { type, kind } of registered)
      reducers[kind.name] = (each) => guarded(() => each instanceof type, false) && reduce(kind, each, inspection);
    let name: SpecialName | undefined;
    const { Template, ...others } = special;
    // called first of these, for each value
    reducers["Template"] = (each) => {
      name = typeof each === "object" && each !== null ? guarded(() => specialNameOf(each), undefined) : undefined;
      return name === "Template" && reduce(Template, each, inspection);
    };
    for (const kind of Object.values(others))
      reducers[kind.name] = (each) => name === kind.name && reduce(kind, each, inspection);
    if (isShallow) reducers["Error"] = (each) => name === "Error" && inspection.replace(each, [], 2);
    try {
      return stringify(value, reducers, { operations: inspection.operations });
    } catch (error) {
      throw asNotStorable(error, inspection);
    }
  }

  /** Why the field of an error cannot be stored. An error in it always can: its own fields are checked when it is encoded. */
  function problemWith(field: unknown, depth: number): string | undefined {
    try {
      encode(field, new Inspection(depth), true);
      return undefined;
    } catch (error) {
      return textOf(error);
    }
  }

  return {
    encode(value) {
      // most values are plain data, which JSON writes and reads much faster
      const json = registered.length === 0 ? jsonOf(value) : undefined;
      if (json !== undefined) return JSON_MARK + json;
      const inspection = new Inspection();
      const text = encode(value, inspection);
      return inspection.bytes.merge() ? encode(value, new Inspection(0, inspection.bytes)) : text;
    },
    dataMark: JSON_MARK,
    decode: (text) =>
      text.startsWith(JSON_MARK)
        ? (JSON.parse(text.slice(JSON_MARK.length)) as unknown)
        : parse(text, revivers, { operations: { set: setProperty } }),
  };
}

/** A class before those that it extends. */
const derivedFirst = (classes: readonly ClassCodec[]): ClassCodec[] =>
  classes.reduce<ClassCodec[]>((sorted, each) => {
    const at = sorted.findIndex(({ type }) => each.type.prototype instanceof type);
    return at < 0 ? [...sorted, each] : sorted.toSpliced(at, 0, each);
  }, []);

/** The data that is stored in place of the value. */
function reduce(kind: Kind, value: unknown, inspection: Inspection): object {
  try {
    return inspection.replace(value, kind.encode(value as never, inspection));
  } catch (error) {
    return inspection.refusal(`${describe(value)} whose encoding throws (${textOf(error)})`);
  }
}

/** devalue asks again for a value that is part of a cycle, when its data is complete. It gets the same object. */
function revive(kind: Kind, data: object, revived: WeakMap<object, object>): object {
  if (!kind.fill) return kind.make(data as never);
  const value = revived.get(data) ?? kind.make(data as never);
  revived.set(data, value);
  kind.fill(value as never, data as never);
  return value;
}

/** `codec` with the version as a prefix. Its errors name the value that cannot be stored: `what` is, for example, `chargeCard returned`, and `where` its step. */
export interface ValueStore {
  encode(value: unknown, what: string, where?: () => string): Encoded;
  decode(text: Encoded): unknown;
  /** Whether the text is plain data, whose decoding calls no function of the program. */
  isData(text: Encoded): boolean;
}

export function versioned(codec: Codec | OwnCodec): ValueStore {
  const mark = "dataMark" in codec ? VERSION + codec.dataMark : "";
  const isData = (text: Encoded): boolean => mark !== "" && text.startsWith(mark);
  return {
    encode(value, what, where) {
      try {
        return VERSION + codec.encode(value);
      } catch (cause) {
        throw new PerdureError(
          "VALUE_NOT_STORABLE",
          { what, ...culpritOf(cause), ...(where && { where: where() }) },
          { cause },
        );
      }
    },
    decode(text) {
      if (isData(text)) return JSON.parse(text.slice(mark.length)) as unknown;
      if (!text.startsWith(VERSION))
        throw new PerdureError("VALUE_VERSION", { found: text.slice(0, Math.max(0, text.indexOf(":"))) });
      return codec.decode(text.slice(VERSION.length));
    },
    isData,
  };
}
