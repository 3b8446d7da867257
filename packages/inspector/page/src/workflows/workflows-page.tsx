import type { JSX } from "preact";
import type { WorkflowItem } from "../../../src/api.ts";
import { STATUSES } from "../model/filter.ts";
import { formatCount, formatDuration, formatRate } from "../model/format.ts";
import { toRuns, toWorkflow } from "../model/route.ts";
import { useLiveRead } from "../net/use-read.ts";
import { Message, Problem } from "../parts/text.tsx";

export function WorkflowsPage(): JSX.Element {
  const { data, problem } = useLiveRead<readonly WorkflowItem[]>("workflows", {});
  return (
    <>
      <div class="page-head">
        <h1>Workflows</h1>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading the workflows…</p>}
      {data?.length === 0 && (
        <Message title="No workflow is known yet.">
          <p>A workflow appears here with its first run.</p>
        </Message>
      )}
      {data && data.length > 0 && <WorkflowTable workflows={data} />}
    </>
  );
}

function WorkflowTable({ workflows }: { workflows: readonly WorkflowItem[] }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Workflows">
      <table>
        <thead>
          <tr>
            <th scope="col">Workflow</th>
            {STATUSES.map((status) => (
              <th key={status} scope="col" class="is-number">
                {status}
              </th>
            ))}
            <th scope="col" class="is-number">
              failure rate
            </th>
            <th scope="col" class="is-number">
              p50
            </th>
            <th scope="col" class="is-number">
              p95
            </th>
          </tr>
        </thead>
        <tbody>
          {workflows.map((workflow) => (
            <WorkflowRow key={workflow.name} workflow={workflow} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WorkflowRow({
  workflow: { name, file, counts, sample, failureRate, p50, p95 },
}: {
  workflow: WorkflowItem;
}): JSX.Element {
  const title = `Of the latest ${formatCount(sample)} ended runs`;
  return (
    <tr>
      <th scope="row">
        <a href={toWorkflow(name)}>{name}</a>
        <span class="muted mono below">{file}</span>
      </th>
      {STATUSES.map((status) => (
        <td key={status} class="is-number">
          {counts[status] === 0 ? (
            <span class="muted">0</span>
          ) : (
            <a
              href={toRuns({ workflow: name, statuses: [status] })}
              aria-label={`${formatCount(counts[status])} ${status}`}
            >
              {formatCount(counts[status])}
            </a>
          )}
        </td>
      ))}
      <td class={failureRate !== undefined && failureRate > 0 ? "is-number is-failed" : "is-number"} title={title}>
        {failureRate === undefined ? "–" : formatRate(failureRate)}
      </td>
      <td class="is-number" title={title}>
        {p50 === undefined ? "–" : formatDuration(p50)}
      </td>
      <td class="is-number" title={title}>
        {p95 === undefined ? "–" : formatDuration(p95)}
      </td>
    </tr>
  );
}
