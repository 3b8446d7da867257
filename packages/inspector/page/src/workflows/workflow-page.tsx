import type { JSX } from "preact";
import type { GraphNode, StepStats, WorkflowPage } from "../../../src/api.ts";
import { STATUSES } from "../model/filter.ts";
import { countOf, formatCount, formatDuration, formatRate } from "../model/format.ts";
import { toRuns } from "../model/route.ts";
import { useLiveRead } from "../net/use-read.ts";
import { StatusMark } from "../parts/icons.tsx";
import { Facts, Problem } from "../parts/text.tsx";

export function WorkflowView({ name }: { name: string }): JSX.Element {
  const { data, problem } = useLiveRead<WorkflowPage>("workflow", { name });
  return (
    <>
      <div class="page-head">
        <h1 class="mono id">{name}</h1>
        <a href={toRuns({ workflow: name })}>Show its runs</a>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading the workflow…</p>}
      {data && <Numbers page={data} />}
      {data && (
        <section>
          <h2>What it is made of</h2>
          <Graph graph={data.graph} runs={data.sampledRuns} />
        </section>
      )}
      {data && data.unreached.length > 0 && (
        <section>
          <h2>Calls that none of these runs reached</h2>
          <p class="muted">They are in the modules of the workflow, and may belong to another one there.</p>
          <ul class="graph">
            {data.unreached.map(({ name: call, location }) => (
              <li key={location} class="node">
                <span class="mono">{call}</span> <span class="muted mono">{location}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Numbers({ page: { workflow } }: { page: WorkflowPage }): JSX.Element {
  const { name, file, counts, sample, failureRate, p50, p95 } = workflow;
  return (
    <>
      <Facts
        facts={[
          [
            "File",
            <span key="" class="mono">
              {file}
            </span>,
          ],
          ["Failure rate", failureRate === undefined ? undefined : formatRate(failureRate)],
          ["p50", p50 === undefined ? undefined : formatDuration(p50)],
          ["p95", p95 === undefined ? undefined : formatDuration(p95)],
          ["Sample", sample > 0 ? `the latest ${countOf(sample, "ended run")}` : undefined],
        ]}
      />
      <ul class="chips" aria-label="Runs by status">
        {STATUSES.filter((status) => counts[status] > 0).map((status) => (
          <li key={status}>
            <a class="chip" href={toRuns({ workflow: name, statuses: [status] })}>
              <StatusMark status={status} /> <span class="count">{formatCount(counts[status])}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

const Graph = ({ graph, runs }: { graph: GraphNode; runs: number }): JSX.Element => (
  <>
    <p class="muted">
      {runs > 0 ? `Numbers are of the latest ${countOf(runs, "run")}.` : "No run of it has recorded steps yet."}
    </p>
    <div class="scroll" tabIndex={0} role="region" aria-label="What the workflow is made of">
      <ul class="graph">
        <Node node={graph} />
      </ul>
    </div>
  </>
);

const Node = ({ node: { kind, name, location, stats, children } }: { node: GraphNode }): JSX.Element => (
  <li>
    <div class="node">
      <span class={`kind is-${kind}`}>{kind}</span>
      <span class="mono">{name}</span>
      {location !== undefined && <span class="muted mono">{location}</span>}
      {stats && <Stats stats={stats} />}
    </div>
    {children.length > 0 && (
      <ul>
        {children.map((child, at) => (
          <Node key={at} node={child} />
        ))}
      </ul>
    )}
  </li>
);

const Stats = ({ stats: { count, failed, retried, p50, p95 } }: { stats: StepStats }): JSX.Element => (
  <span class="stats">
    <span>{countOf(count, "step")}</span>
    {failed > 0 && (
      <span class="is-failed">
        {formatCount(failed)} failed ({formatRate(failed / count)})
      </span>
    )}
    {retried > 0 && <span class="is-blocked">{formatCount(retried)} retried</span>}
    {p50 !== undefined && <span class="muted">p50 {formatDuration(p50)}</span>}
    {p95 !== undefined && <span class="muted">p95 {formatDuration(p95)}</span>}
  </span>
);
