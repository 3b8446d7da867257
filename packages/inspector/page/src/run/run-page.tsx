import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { toRun } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { Problem } from "../parts/text.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { Children } from "./children.tsx";
import { RunHead } from "./run-head.tsx";
import { emptyState, RunReader, type RunState } from "../net/run-reader.ts";
import { StepPanel } from "./step-panel.tsx";
import { Timeline } from "../timeline/timeline.tsx";

interface RunPageProps {
  readonly id: string;
  /** Id of the step whose details are shown. */
  readonly step: string | undefined;
}

/** Everything about one run. It is made anew for each run: give it the id as its key. */
export function RunView({ id, step }: RunPageProps): JSX.Element {
  const { places } = useInspector();
  const state = useRun(id);
  const select = (next: string | undefined): void => location.replace(toRun(id, next));
  useKeys({
    Escape: () => {
      if (step === undefined) location.hash = places.runsAddress;
      else select(undefined);
    },
  });
  const { page, tree, problem } = state;
  if (!page)
    return (
      <>
        <h1 class="mono id">{id}</h1>
        {problem === undefined ? <p class="muted">Reading the run…</p> : <Problem text={problem} />}
      </>
    );
  const node = step === undefined ? undefined : tree.get(step);
  return (
    <>
      <RunHead page={page} onSelect={select} />
      {problem !== undefined && <Problem text={problem} />}
      <div class={step === undefined ? "steps" : "steps has-panel"}>
        <Timeline state={state} page={page} selected={step} onSelect={select} />
        {step !== undefined && (
          <StepPanel key={step} page={page} id={step} step={node?.step} onClose={() => select(undefined)} />
        )}
      </div>
      <Children page={page} />
    </>
  );
}

function useRun(id: string): RunState {
  const { client, live } = useInspector();
  const [state, setState] = useState(emptyState);
  useEffect(() => {
    const reader = new RunReader(client, id, setState);
    const end = live.watch({ run: id }, () => reader.refresh());
    return () => {
      end();
      reader.stop();
    };
  }, []);
  return state;
}
