import type { JSX } from "preact";
import type { ApprovalItem, ToolCallItem } from "../../../src/api-conversation.ts";
import type { ValueText } from "../../../src/api.ts";
import { DecisionButtons } from "../actions/action-buttons.tsx";
import { formatDuration } from "../model/format.ts";
import { hasEnded } from "../model/permitted.ts";
import { Icon, type IconName } from "../parts/icons.tsx";
import { FailedAttempts, StepLink } from "../parts/step.tsx";
import { RunLink, Time, Value } from "../parts/text.tsx";
import type { Scene } from "./scene.ts";

/** One call of a tool: its input, its output or its error, and who has approved it. */
export function ToolCall({ call, run, onSelect }: { call: ToolCallItem } & Scene): JSX.Element {
  const { name, state, input, output, step, approval, children } = call;
  return (
    <section class={`tool is-${state}`} aria-label={`Call of the tool ${name}`}>
      <p class="tool-head">
        <span class="mono">{name}</span>
        <State state={state} isOver={hasEnded(run)} />
        {step?.finishedAt !== undefined && (
          <span class="muted">{formatDuration(step.finishedAt - step.startedAt)}</span>
        )}
        {step && <StepLink id={step.id} onSelect={onSelect} />}
      </p>
      {step && <FailedAttempts attempts={step.failedAttempts} hasFailed={step.state === "failed"} />}
      {step?.state === "failed" && step.error !== undefined && <p class="is-failed headline">{step.error}</p>}
      {(input ?? output) && (
        <div class="values">
          {input && <Labelled title="Input" value={input} tool={name} />}
          {output && <Labelled title={state === "denied" ? "Told the model" : "Output"} value={output} tool={name} />}
        </div>
      )}
      {approval && <Approval approval={approval} />}
      {approval?.state === "waiting" && (
        <DecisionButtons run={run} signal={approval.signal} tool={name} {...(input && { input })} />
      )}
      {children.map((child) => (
        <p key={child}>
          Child run <RunLink id={child} />
        </p>
      ))}
    </section>
  );
}

const Labelled = ({ title, value, tool }: { title: string; value: ValueText; tool: string }): JSX.Element => (
  <div>
    <p class="muted">{title}</p>
    <Value value={value} label={`${title} of ${tool}`} />
  </div>
);

const STATES: Record<ToolCallItem["state"], readonly [IconName, string]> = {
  open: ["pending", "no result yet"],
  waiting: ["waiting", "waits for approval"],
  completed: ["completed", "completed"],
  failed: ["failed", "failed"],
  denied: ["cancelled", "denied"],
};

function State({ state, isOver }: { state: ToolCallItem["state"]; isOver: boolean }): JSX.Element {
  const [icon, text] = STATES[state];
  return (
    <span class={`status is-${icon}`}>
      <Icon name={icon} />
      {isOver && state === "open" ? "no result" : text}
    </span>
  );
}

const DECISIONS: Record<ApprovalItem["state"], string> = {
  waiting: "Asked",
  approved: "Approved",
  denied: "Denied",
  ended: "Waited for approval until",
};

function Approval({ approval: { state, since, until, decidedAt, reason } }: { approval: ApprovalItem }): JSX.Element {
  return (
    <p class={state === "waiting" ? "is-waiting" : "muted"}>
      {DECISIONS[state]} <Time at={decidedAt ?? since} />
      {until !== undefined && (
        <>
          , is denied <Time at={until} /> without an answer
        </>
      )}
      {reason !== undefined && `: ${reason}`}
    </p>
  );
}
