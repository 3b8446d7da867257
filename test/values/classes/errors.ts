/** No workflow, no task: the classes are registered here since a workflow imports the file. */
class AppError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }

  get isRetryable(): boolean {
    return this.code === "BUSY";
  }
}

export class Busy extends AppError {
  override get name(): string {
    return "BusyError";
  }

  readonly queue: string;

  constructor(queue: string) {
    super(`${queue} is busy`, "BUSY");
    this.queue = queue;
  }
}

export default class extends AppError {
  constructor() {
    super("nobody is at home", "AWAY");
  }
}

export const Declined = class extends RangeError {};

export const many = { Several: class extends AggregateError {} };

export class Timeout<T> extends DOMException {
  readonly detail: T;

  constructor(detail: T) {
    super("too slow", "TimeoutError");
    this.detail = detail;
  }
}

/** Gives each caller a class of its own. */
export const makeError = (code: string): new (message: string) => Error =>
  class extends Error {
    readonly code = code;
  };

export const NotFound = makeError("NOT_FOUND");
export const Gone = makeError("GONE");

export class Secret extends Error {
  readonly #code = 7;

  get code(): number {
    return this.#code;
  }
}

/** An error class as old code writes it. */
export const Old = function (this: Error, message: string) {
  this.message = message;
} as unknown as new (message: string) => Error;
Old.prototype = Object.create(Error.prototype, { constructor: { value: Old } }) as Error;

export const isBusy = (error: unknown): error is Busy => error instanceof Busy;
