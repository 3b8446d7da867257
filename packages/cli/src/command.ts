import type { Option } from "commander";
import type { Terminal } from "./output/terminal.ts";
import type { ExitCode } from "./session/failure.ts";
import type { StoreOption } from "./session/session.ts";

export interface CommonOptions extends StoreOption {
  readonly json?: boolean;
}

/** What a command does: it returns its exit code. */
type Action<O extends CommonOptions> = (args: readonly string[], options: O, terminal: Terminal) => Promise<ExitCode>;

/** Adds a command. `args` of its action are the words after its name, those of a list flattened. */
export type Add = <O extends CommonOptions>(
  usage: string,
  description: string,
  options: readonly Option[],
  action: Action<O>,
) => void;
