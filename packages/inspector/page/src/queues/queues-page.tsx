import type { JSX } from "preact";
import type { QueueItem } from "../../../src/api.ts";
import { toQueue } from "../model/route.ts";
import { useLiveRead } from "../net/use-read.ts";
import { Message, Problem } from "../parts/text.tsx";
import { InLineCells, InLineHeads } from "./in-line.tsx";

export function QueuesPage(): JSX.Element {
  const { data, problem } = useLiveRead<readonly QueueItem[]>("queues", {});
  return (
    <>
      <div class="page-head">
        <h1>Queues</h1>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading the queues…</p>}
      {data?.length === 0 && (
        <Message title="No queue is known yet.">
          <p>
            A queue appears here when a process first uses it: <code>"use task: queue=mail"</code>, or a task or
            workflow with limits of its own, such as <code>"use task: concurrency=5"</code>.
          </p>
        </Message>
      )}
      {data && data.length > 0 && <QueueTable queues={data} />}
    </>
  );
}

const QueueTable = ({ queues }: { queues: readonly QueueItem[] }): JSX.Element => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Queues">
    <table class="is-stacked">
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col">Limits</th>
          <InLineHeads />
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.name}>
            <th scope="row">
              <a href={toQueue(queue.name)}>{queue.name}</a>
            </th>
            <td>{queue.limits === "none" ? <span class="muted">none</span> : queue.limits}</td>
            <InLineCells item={queue} most={queue.concurrency} />
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
