import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { RunPage, StepItem, StepPage } from "../../../src/api.ts";
import { ActionButton } from "../actions/action-buttons.tsx";
import { formatDuration, formatTime } from "../model/format.ts";
import { stepStatus } from "../model/tree.ts";
import { useInspector } from "../net/context.ts";
import { useRead } from "../net/use-read.ts";
import { Icon } from "../parts/icons.tsx";
import { Attempts } from "../parts/step.tsx";
import { Facts, Problem, QueueLink, RunLink, Source, Time, Value } from "../parts/text.tsx";

interface StepPanelProps {
  readonly page: RunPage;
  readonly id: string;
  /** What the list of steps has of it; undefined while it is not there. */
  readonly step: StepItem | undefined;
  readonly onClose: () => void;
}

/** All that is recorded of one step. */
export function StepPanel({ page, id, step, onClose }: StepPanelProps): JSX.Element {
  const { run } = page;
  const wait = page.waitingFor.find((each) => each.step === id);
  const version = step ? `${step.state} ${step.seq ?? ""} ${step.attempts} ${step.inLineOf ?? ""}` : "";
  const { data, problem } = useRead<StepPage>("step", { run: run.id, id }, version);
  const shown = data?.step ?? step;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (matchMedia("(max-width: 1023px)").matches) panel.current?.focus();
  }, []);
  return (
    <aside class="panel" aria-labelledby="step-title" tabIndex={-1} ref={panel}>
      <div class="page-head">
        <h2 id="step-title" class="mono id">
          {id}
        </h2>
        <button type="button" class="is-plain" aria-label="Close the details of the step" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {shown && <StepFacts step={shown} />}
      {wait?.kind === "signal" && wait.name !== undefined && (
        <div class="buttons">
          <ActionButton intent={{ action: "signal", run, signal: wait.name, payloadSchema: wait.payloadSchema }} />
        </div>
      )}
      {shown && shown.state !== "open" && (
        <div class="buttons">
          <ActionButton intent={{ action: "fork", run, from: id }} />
        </div>
      )}
      {data && <StepValues page={data} />}
      {shown && shown.failedAttempts.length > 0 && (
        <section>
          <h3>Failed attempts</h3>
          <Attempts attempts={shown.failedAttempts} />
        </section>
      )}
    </aside>
  );
}

function StepFacts({ step }: { step: StepItem }): JSX.Element {
  const { now } = useInspector();
  const { kind, state, name, target, attempts, startedAt, finishedAt, dueAt, inLineOf, seq, location, outer } = step;
  const end = state === "open" ? now.value : (finishedAt ?? startedAt);
  return (
    <Facts
      facts={[
        ["State", <StepState key="" step={step} />],
        ["Kind", `${kind} ${kind === "signal" ? (target ?? name) : name}`],
        ["Child run", kind === "child" && target !== undefined ? <RunLink id={target} /> : undefined],
        ["Called at", location === undefined ? undefined : <span class="mono">{location}</span>],
        ["Called by", outer === undefined ? undefined : <span class="mono">{outer}</span>],
        ["Began", formatTime(startedAt)],
        ["Finished", finishedAt === undefined ? undefined : formatTime(finishedAt)],
        ["Duration", formatDuration(end - startedAt)],
        ["Attempts", attempts > 1 ? attempts : undefined],
        ["Due", state === "open" && dueAt !== undefined ? <Time at={dueAt} /> : undefined],
        ["In line of", inLineOf === undefined ? undefined : <QueueLink name={inLineOf} />],
        ["Sequence", seq],
      ]}
    />
  );
}

const StepState = ({ step }: { step: StepItem }): JSX.Element => {
  const status = stepStatus(step);
  return (
    <span class={`status is-${status}`}>
      <Icon name={status} />
      {status}
    </span>
  );
};

function StepValues({ page: { input, output, error, source, step } }: { page: StepPage }): JSX.Element {
  return (
    <>
      {error && (
        <section class="box is-failed">
          <h3>{step.state === "open" ? "The last attempt failed" : "Failed"}</h3>
          <p class="headline">{error.headline}</p>
          {error.source && <Source source={error.source} />}
          <details>
            <summary>Stack, causes and fields</summary>
            <Value value={error.detail} label="The whole error of the step" />
          </details>
        </section>
      )}
      {source && (
        <section>
          <h3>Called here</h3>
          <Source source={source} />
        </section>
      )}
      {input && (
        <section>
          <h3>Input</h3>
          <Value value={input} label="Input of the step" />
        </section>
      )}
      {output && (
        <section>
          <h3>Output</h3>
          <Value value={output} label="Output of the step" />
        </section>
      )}
    </>
  );
}
