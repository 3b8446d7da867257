import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { RunItem, RunPage } from "../../../src/api.ts";
import { padded, type Range } from "../model/axis.ts";
import { countOf } from "../model/format.ts";
import { livesOf } from "../model/lives.ts";
import { hasEnded } from "../model/permitted.ts";
import { expandableKeys, rowsOf } from "../model/rows.ts";
import { useInspector } from "../net/context.ts";
import { Message } from "../parts/text.tsx";
import type { RunState } from "../net/run-reader.ts";
import { StepGrid } from "./step-grid.tsx";

interface TimelineProps {
  readonly state: RunState;
  readonly page: RunPage;
  readonly selected: string | undefined;
  readonly onSelect: (step: string | undefined) => void;
}

/** The steps of a run as a tree, on one axis of time. */
export function Timeline({ state, page, selected, onSelect }: TimelineProps): JSX.Element {
  const inspector = useInspector();
  const { tree, version, ends, isLoading } = state;
  const { run, executions } = page;
  const { steps, failed, open, from, to } = tree.root;
  // a blocked run does not progress; the clocks of two machines may differ
  const isOver = hasEnded(run) || run.status === "blocked";
  const now = Math.max(isOver ? (run.endedAt ?? run.updatedAt) : inspector.now.value, to);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<Range>();
  const rows = useMemo(() => rowsOf(tree.root, collapsed), [tree, version, collapsed]);
  // a single life that nothing has ended says nothing
  const hasLives = executions.length > 1 || executions.some(({ end }) => end === "died");
  const lives = useMemo(() => (hasLives ? livesOf(executions, ends, now) : []), [executions, ends, now]);
  const whole = padded({ from: run.forkOf === undefined ? Math.min(run.createdAt, from) : run.createdAt, to: now });
  const node = selected === undefined ? undefined : tree.get(selected);

  return (
    <section class="timeline" aria-labelledby="timeline-title">
      <div class="page-head">
        <h2 id="timeline-title">Steps</h2>
        <p class="muted" role="status">
          {countOf(steps, "step")}
          {failed > 0 && `, ${countOf(failed, "failed", "failed")}`}
          {open > 0 && `, ${countOf(open, "open", "open")}`}
          {isLoading && ", more are read…"}
        </p>
        <div class="buttons is-small">
          <button type="button" onClick={() => setCollapsed(new Set())} disabled={collapsed.size === 0}>
            Expand all
          </button>
          <button type="button" onClick={() => setCollapsed(expandableKeys(tree.root))}>
            Collapse all
          </button>
          <button
            type="button"
            disabled={!node}
            onClick={() => node && setZoom(around({ from: node.from, to: node.open > 0 ? now : node.to }))}
          >
            Zoom to step
          </button>
          <button type="button" onClick={() => setZoom(undefined)} disabled={!zoom}>
            Fit all
          </button>
        </div>
      </div>
      {rows.length === 0 ? (
        !isLoading && <NoSteps run={run} />
      ) : (
        <StepGrid
          {...{ tree, version, rows, lives, now, selected, onSelect, collapsed, setCollapsed }}
          origin={run.createdAt}
          range={zoom ?? whole}
          onZoom={setZoom}
        />
      )}
    </section>
  );
}

/** A range with a tenth of room on both sides. */
function around({ from, to }: Range): Range {
  const room = Math.max(to - from, 10) / 10;
  return { from: from - room, to: to + room };
}

function NoSteps({ run }: { run: RunItem }): JSX.Element {
  if (hasEnded(run)) return <Message title="This run has no steps: its workflow made no durable call." />;
  if (run.inLine) return <Message title="No step is recorded yet: the run stands in line." />;
  return (
    <Message title="No step is recorded yet.">
      <p>
        Does it stay like this? Then no process executes the run. Start one that calls <code>worker()</code> or{" "}
        <code>recover()</code>, or run <code>perdure worker</code>.
      </p>
    </Message>
  );
}
