import { setImmediate as turn } from "node:timers/promises";
import { Option } from "commander";
import type { Store } from "perdure";
import { allRuns } from "perdure/tools";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT } from "../session/failure.ts";
import { withStore } from "../session/session.ts";
import { repeated, statusOption, timeOption, wholeNumber } from "./options.ts";

const ENDED = ["completed", "failed", "cancelled"] as const;

interface PruneCommand extends CommonOptions {
  readonly olderThan: Date;
  readonly status?: readonly (typeof ENDED)[number][];
  readonly workflow?: readonly string[];
  readonly keep: number;
  readonly dryRun?: boolean;
}

/** How many runs one transaction deletes. */
const BATCH = 100;

export function addPrune(add: Add): void {
  add<PruneCommand>(
    "prune",
    "delete runs that have ended, with their steps. One that another run waits for stays",
    [
      timeOption("--older-than <time>", "only runs that ended before").makeOptionMandatory(),
      statusOption(ENDED),
      repeated("--workflow <name>", "only runs of this workflow"),
      wholeNumber("--keep <count>", "so many of the latest runs of each workflow stay").default(0),
      new Option("--dry-run", "delete nothing, print how many runs are old enough"),
    ],
    async (_args, options, terminal) =>
      withStore(options, async (store) => {
        const total = await countOld(store, options);
        if (options.dryRun === true) {
          if (terminal.isJson) terminal.json({ wouldDelete: total });
          else terminal.print(`${total} runs are old enough`);
          return EXIT.done;
        }
        const bar = terminal.bar(total, "deleted");
        const deleted = await prune(store, options, bar.add);
        bar.end();
        if (terminal.isJson) terminal.json({ deleted });
        else terminal.print(`deleted ${deleted} runs`);
        return EXIT.done;
      }),
  );
}

async function prune(store: Store, { olderThan, keep, ...only }: PruneCommand, done: (count: number) => void) {
  const { status, workflow } = only;
  const filter = { endedBefore: olderThan.getTime(), ...(status && { status }), ...(workflow && { workflow }), keep };
  for (let deleted = 0; ; await turn()) {
    const count = await store.prune({ ...filter, limit: BATCH });
    deleted += count;
    done(count);
    if (count < BATCH) return deleted;
  }
}

/** How many runs ended before. `--keep` leaves out the latest of each workflow. */
async function countOld(store: Store, { olderThan, status = ENDED, workflow, keep }: PruneCommand): Promise<number> {
  const kept = new Map<string, number>();
  let count = 0;
  for await (const head of allRuns(store, { status, ...(workflow && { workflow }) })) {
    const place = (kept.get(head.workflow) ?? 0) + 1;
    kept.set(head.workflow, place);
    if (place > keep && head.updatedAt < olderThan.getTime()) count++;
  }
  return count;
}
