import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { QueueKeyItem, QueuePage } from "../../../src/api.ts";
import { formatCount } from "../model/format.ts";
import { useLiveRead } from "../net/use-read.ts";
import { Facts, Message, Problem, Time } from "../parts/text.tsx";
import { InLineCells, InLineHeads } from "./in-line.tsx";

const PAGE = 200;

export function QueueView({ name }: { name: string }): JSX.Element {
  const [limit, setLimit] = useState(PAGE);
  const { data, problem } = useLiveRead<QueuePage>("queue", { name, limit }, { queue: name });
  return (
    <>
      <div class="page-head">
        <h1 class="mono id">{name}</h1>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading the queue…</p>}
      {data && <Numbers page={data} />}
      {data && (
        <section>
          <h2>By key</h2>
          {data.keys.length === 0 ? (
            <Message title="Nothing runs, and nothing stands in line." />
          ) : (
            <Keys page={data} />
          )}
          {data.hasMoreKeys && (
            <button type="button" onClick={() => setLimit(limit + PAGE)}>
              Show more
            </button>
          )}
        </section>
      )}
    </>
  );
}

const Numbers = ({ page: { queue } }: { page: QueuePage }): JSX.Element => (
  <Facts
    facts={[
      ["Limits", queue.limits],
      ["Running", formatCount(queue.running)],
      ["Waiting", formatCount(queue.waiting)],
      ["Oldest came", queue.oldest === undefined ? undefined : <Time at={queue.oldest} />],
    ]}
  />
);

const Keys = ({ page: { keys } }: { page: QueuePage }): JSX.Element => (
  <>
    <p class="muted">Keys take turns. Those with the most in line stand first.</p>
    <div class="scroll" tabIndex={0} role="region" aria-label="Keys of the queue">
      <table class="is-stacked">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <InLineHeads />
          </tr>
        </thead>
        <tbody>
          {keys.map((item) => (
            <KeyRow key={item.key} item={item} />
          ))}
        </tbody>
      </table>
    </div>
  </>
);

const KeyRow = ({ item }: { item: QueueKeyItem }): JSX.Element => (
  <tr>
    <th scope="row">
      {item.key === "" ? <span class="muted">without a key</span> : <span class="mono">{item.key}</span>}
    </th>
    <InLineCells item={item} />
  </tr>
);
