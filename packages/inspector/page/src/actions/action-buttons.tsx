import type { JSX } from "preact";
import type { RunItem, ValueText } from "../../../src/api.ts";
import { explain, permittedActions, type Intent } from "../model/permitted.ts";
import { useInspector } from "../net/context.ts";

/** A button that opens the dialog of an action. Nothing where actions are not allowed. */
export function ActionButton({ intent, className = "" }: { intent: Intent; className?: string }): JSX.Element | null {
  const inspector = useInspector();
  if (!inspector.canAct) return null;
  return (
    <button
      type="button"
      class={className}
      onClick={() => {
        inspector.notice.value = undefined;
        inspector.intent.value = intent;
      }}
    >
      {explain(intent).button}…
    </button>
  );
}

/** The actions that a run's status allows. */
export const RunActions = ({ run }: { run: RunItem }): JSX.Element => (
  <div class="buttons">
    {permittedActions(run).map((action) => (
      <ActionButton
        key={action}
        intent={{ action, run }}
        className={action === "retry" || action === "unblock" ? "is-primary" : ""}
      />
    ))}
  </div>
);

interface DecisionButtonsProps {
  readonly run: RunItem;
  /** Name of the signal that the call waits for. */
  readonly signal: string;
  readonly tool: string;
  readonly input?: ValueText;
}

/** Approves or denies a call of a tool. */
export const DecisionButtons = ({ run, signal, tool, input }: DecisionButtonsProps): JSX.Element => (
  <div class="buttons">
    {[true, false].map((approved) => (
      <ActionButton
        key={String(approved)}
        className={approved ? "is-primary" : ""}
        intent={{ action: "signal", run, signal, decision: { approved, tool, ...(input && { input }) } }}
      />
    ))}
  </div>
);
