import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ConversationView } from "../conversation/conversation.tsx";
import { isEmpty } from "../model/agent.ts";
import { toRun, type RunViewName } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { emptyState, RunReader, type RunState } from "../net/run-reader.ts";
import { useConversation } from "../net/use-conversation.ts";
import { Problem } from "../parts/text.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { Timeline } from "../timeline/timeline.tsx";
import { Children } from "./children.tsx";
import { RunHead } from "./run-head.tsx";
import { StepPanel } from "./step-panel.tsx";

interface RunPageProps {
  readonly id: string;
  /** Id of the step whose details are shown. */
  readonly step: string | undefined;
  /** Undefined: the conversation, where there is one. */
  readonly view: RunViewName | undefined;
}

/** Everything about one run. It is made anew for each run: give it the id as its key. */
export function RunView({ id, step, view }: RunPageProps): JSX.Element {
  const { places } = useInspector();
  const state = useRun(id);
  const { page, tree, problem, version } = state;
  const hasModelCalls = state.hasModelCalls || page?.hasWriting === true;
  const said = useConversation(id, hasModelCalls ? version : undefined);
  const conversation = said.data && !isEmpty(said.data) ? said.data : undefined;
  const select = (next: string | undefined): void => location.replace(toRun(id, next, view));
  useKeys({
    Escape: () => {
      if (step === undefined) location.hash = places.runsAddress;
      else select(undefined);
    },
  });
  if (!page)
    return (
      <>
        <h1 class="mono id">{id}</h1>
        {problem === undefined ? <p class="muted">Reading the run…</p> : <Problem text={problem} />}
      </>
    );
  const isReading = hasModelCalls && !said.data && said.problem === undefined;
  return (
    <>
      <RunHead page={page} conversation={conversation} onSelect={select} />
      {problem !== undefined && <Problem text={problem} />}
      {said.problem !== undefined && <Problem text={said.problem} />}
      {conversation && <Views {...{ id, step }} current={view ?? "conversation"} />}
      <div class={step === undefined ? "steps" : "steps has-panel"}>
        {view === "timeline" || !(conversation || isReading) ? (
          <Timeline state={state} page={page} selected={step} onSelect={select} />
        ) : conversation ? (
          <ConversationView page={conversation} run={page.run} onSelect={select} />
        ) : (
          <p class="muted">Reading the conversation…</p>
        )}
        {step !== undefined && (
          <StepPanel key={step} page={page} id={step} step={tree.get(step)?.step} onClose={() => select(undefined)} />
        )}
      </div>
      <Children page={page} />
    </>
  );
}

interface ViewsProps {
  readonly id: string;
  readonly step: string | undefined;
  readonly current: RunViewName;
}

const VIEWS = { conversation: "Conversation", timeline: "Timeline" } as const;

/** Leads from the conversation to the timeline, and back. */
const Views = ({ id, step, current }: ViewsProps): JSX.Element => (
  <nav class="views" aria-label="Views of the run">
    {Object.entries(VIEWS).map(([view, title]) => (
      <a key={view} href={toRun(id, step, view as RunViewName)} aria-current={view === current ? "page" : undefined}>
        {title}
      </a>
    ))}
  </nav>
);

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
