/** Runs the built command as a person and a script do: on a terminal, and in a pipe. */
import { join, resolve } from "node:path";
import { RunningProgram } from "../running-program.ts";

const file = resolve(import.meta.dirname, "../../packages/runtime/dist/cli.mjs");

interface Place {
  readonly store?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | NodeJS.Signals | null;
  readonly output: string;
}

const environment = ({ store, env }: Place): NodeJS.ProcessEnv => {
  const { NO_COLOR: _none, PERDURE_STORE: _other, FORCE_COLOR: _forced, ...rest } = process.env;
  return { ...rest, ...(store !== undefined && { PERDURE_STORE: store }), ...env };
};

/** The command in a pipe, still running. */
export const begin = (args: readonly string[], place: Place = {}): RunningProgram =>
  new RunningProgram(process.execPath, [file, ...args], { cwd: place.cwd ?? process.cwd(), env: environment(place) });

/** The command in a pipe. */
export async function perdure(args: readonly string[], place: Place = {}): Promise<Ended> {
  const program = begin(args, place);
  const code = await program.ended;
  return { code, output: program.output };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command on a terminal of 100 columns, which `script` of util-linux makes. */
export async function onTerminal(args: readonly string[], place: Place = {}): Promise<Ended> {
  const command = [process.execPath, file, ...args].map(quoted).join(" ");
  const program = new RunningProgram("script", ["-qefc", `stty cols 100; ${command}`, "/dev/null"], {
    cwd: place.cwd ?? process.cwd(),
    env: { ...environment(place), TERM: "xterm" },
  });
  const code = await program.ended;
  return { code, output: program.output.replaceAll("\r\n", "\n") };
}

/** The file of an SQLite store in a directory. */
export const storeIn = (directory: string): string => `sqlite:${join(directory, "runs.db")}`;
