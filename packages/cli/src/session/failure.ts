/** The exit codes of every command. */
export const EXIT = {
  done: 0,
  /** The answer is no: an action was refused, a check found something, a run failed. */
  no: 1,
  usage: 2,
  /** There is no such store, run, queue or schedule, or it cannot be opened. */
  missing: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end of the command with a message. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

const OF_THE_CALL = new Set(["OPTION_INVALID", "DURATION_INVALID", "RENAME_INVALID", "STORE_URL_INVALID"]);

const MISSING: ReadonlySet<string> = new Set(["RUN_NOT_FOUND", "QUEUE_NOT_FOUND", "SCHEDULE_NOT_FOUND"]);

/** What the command ends with after this error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure(EXIT.no, "ERROR", String(error));
  const code = "code" in error && typeof error.code === "string" ? error.code : "ERROR";
  const isMissing = MISSING.has(code) || code.startsWith("STORE_") || code.startsWith("SQLITE_");
  const exitCode = OF_THE_CALL.has(code) ? EXIT.usage : isMissing ? EXIT.missing : EXIT.no;
  return new Failure(exitCode, code, error.message);
}
