import type { JSX } from "preact";
import type { QueueItem } from "../../../src/api.ts";
import { formatCount } from "../model/format.ts";
import { Time } from "../parts/text.tsx";

/** Heads of the columns of `InLineCells`. */
export const InLineHeads = (): JSX.Element => (
  <>
    <th scope="col" class="is-number">
      Running
    </th>
    <th scope="col" class="is-number">
      Waiting
    </th>
    <th scope="col">Oldest came</th>
  </>
);

interface InLineCellsProps {
  readonly item: Pick<QueueItem, "running" | "waiting" | "oldest">;
  /** At most so many slots. */
  readonly most?: number | undefined;
}

/** What runs, what stands in line, and since when. */
export const InLineCells = ({ item: { running, waiting, oldest }, most }: InLineCellsProps): JSX.Element => (
  <>
    <td class="is-number" data-label="running">
      {formatCount(running)}
      {most !== undefined && <span class="muted"> of {formatCount(most)}</span>}
    </td>
    <td class="is-number" data-label="waiting">
      {waiting === 0 ? <span class="muted">0</span> : formatCount(waiting)}
    </td>
    <td class={oldest === undefined ? "is-none" : ""} data-label="oldest came">
      {oldest === undefined ? <span class="muted">–</span> : <Time at={oldest} />}
    </td>
  </>
);
