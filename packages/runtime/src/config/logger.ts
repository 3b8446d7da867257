export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The destination of log messages. `console` and most loggers fit. */
export type Logger = {
  readonly [L in Exclude<LogLevel, "silent">]: (message: string, fields: Record<string, unknown>) => void;
};

/** Whether a logger of the level `threshold` passes messages of this level. */
export const isLogged = (level: LogLevel, threshold: LogLevel = DEFAULT_LEVEL): boolean =>
  LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);

const DEFAULT_LEVEL = "warn";

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

const stderr =
  (level: string) =>
  (message: string): void => {
    process.stderr.write(`perdure ${level} ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
  };
const standardLogger: Logger = {
  debug: stderr("debug"),
  info: stderr("info"),
  warn: stderr("warn"),
  error: stderr("error"),
};

/** A logger that throws must not fail a run. */
function guarded(log: () => void): void {
  try {
    log();
  } catch (error) {
    process.stderr.write(`perdure error the logger threw: ${error instanceof Error ? error.message : typeof error}\n`);
  }
}

/** pino and bunyan take the fields first, and drop them where they come second. Both have methods that `console` and winston do not have. */
function write(logger: Logger, level: keyof Logger, message: string, fields: Record<string, unknown>): void {
  const { bindings, addSerializers } = logger as { bindings?: unknown; addSerializers?: unknown };
  const isFieldsFirst = typeof bindings === "function" || typeof addSerializers === "function";
  if (isFieldsFirst)
    (logger[level] as unknown as (fields: object, message: string) => void).call(logger, fields, message);
  else logger[level](message, fields);
}

/**
 * `logger` without the messages below `level`.
 * @param inContext - calls it in the asynchronous context in which it was given
 */
export function filtered(
  logger: Logger = standardLogger,
  level: LogLevel = DEFAULT_LEVEL,
  inContext: (call: () => void) => void,
): Logger {
  const pass = (own: Exclude<LogLevel, "silent">): Logger["debug"] =>
    isLogged(own, level)
      ? (message, fields) => guarded(() => inContext(() => write(logger, own, message, fields)))
      : () => {};
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}
