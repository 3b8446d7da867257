import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { WaitItem, WaitList } from "../../../src/api.ts";
import { ActionButton } from "../actions/action-buttons.tsx";
import { isApproval } from "../model/agent.ts";
import { toRun, toWorkflow } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { useLive } from "../net/use-read.ts";
import { Message, Problem, RunLink, Time, Wait } from "../parts/text.tsx";

const PAGE = 200;

export function WaitingPage(): JSX.Element {
  const { client } = useInspector();
  const [pages, setPages] = useState(1);
  const { data, problem } = useLive<WaitList>(`waiting ${pages}`, async (abort) => {
    let list = await client.get<WaitList>("waiting", { limit: PAGE }, abort);
    for (let page = 1; page < pages && list.next !== undefined; page += 1) {
      const { waits, ...rest } = await client.get<WaitList>("waiting", { limit: PAGE, after: list.next }, abort);
      list = { ...rest, waits: [...list.waits, ...waits] };
    }
    return list;
  });
  return (
    <>
      <div class="page-head">
        <h1>Waiting</h1>
        <p class="muted">What is due next stands first.</p>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading what runs wait for…</p>}
      {data?.waits.length === 0 && (
        <Message title="No run waits for anything.">
          <p>
            Runs appear here while they wait in <code>sleep()</code>, in <code>signal()</code>, for a child run, for the
            next attempt of a task, or in line of a queue for a task of theirs.
          </p>
        </Message>
      )}
      {data && data.waits.length > 0 && <WaitTable waits={data.waits} />}
      {data?.next !== undefined && (
        <button type="button" onClick={() => setPages(pages + 1)}>
          Show more
        </button>
      )}
    </>
  );
}

const WaitTable = ({ waits }: { waits: readonly WaitItem[] }): JSX.Element => (
  <div class="scroll" tabIndex={0} role="region" aria-label="What runs wait for">
    <table class="is-stacked">
      <thead>
        <tr>
          <th scope="col">Due</th>
          <th scope="col">Waits for</th>
          <th scope="col">Run</th>
          <th scope="col">Step</th>
          <th scope="col">
            <span class="sr-only">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {waits.map((wait) => (
          <tr key={`${wait.run} ${wait.step}`}>
            <td>{wait.until === undefined ? <span class="muted">open</span> : <Time at={wait.until} />}</td>
            <td>
              <Wait wait={wait} />
            </td>
            <td class="is-long">
              <RunLink id={wait.run} />
              <a class="muted below" href={toWorkflow(wait.workflow)}>
                {wait.workflow}
              </a>
            </td>
            <td class="is-long">
              {wait.step !== undefined && (
                <a class="mono" href={toRun(wait.run, wait.step)} title={wait.step}>
                  {wait.step}
                </a>
              )}
              {wait.location !== undefined && <span class="muted mono below">{wait.location}</span>}
            </td>
            <td>
              <Delivery wait={wait} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

/** A call of a tool is approved where its input is seen. */
function Delivery({ wait }: { wait: WaitItem }): JSX.Element | null {
  const { canAct } = useInspector();
  const { kind, run, name, payloadSchema } = wait;
  if (kind !== "signal" || name === undefined || !canAct) return null;
  if (isApproval(wait)) return <a href={toRun(run)}>Approve or deny</a>;
  const intent = { run: { id: run, status: "waiting", compensated: false }, signal: name, payloadSchema } as const;
  return <ActionButton intent={{ action: "signal", ...intent }} />;
}
