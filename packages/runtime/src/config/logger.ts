export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The destination of log messages. `console` and most loggers fit. */
export type Logger = {
  readonly [L in Exclude<LogLevel, "silent">]: (message: string, fields: Record<string, unknown>) => void;
};

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

const stderr =
  (level: string) =>
  (message: string): void => {
    process.stderr.write(`perdure ${level} ${message}\n`);
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

/**
 * `logger` without the messages below `level`.
 * @param inContext - calls it in the asynchronous context in which it was given
 */
export function filtered(
  logger: Logger = standardLogger,
  level: LogLevel = "warn",
  inContext: (call: () => void) => void,
): Logger {
  const pass = (own: Exclude<LogLevel, "silent">): Logger["debug"] =>
    LOG_LEVELS.indexOf(own) >= LOG_LEVELS.indexOf(level)
      ? (message, fields) => guarded(() => inContext(() => logger[own](message, fields)))
      : () => {};
  return { debug: pass("debug"), info: pass("info"), warn: pass("warn"), error: pass("error") };
}
