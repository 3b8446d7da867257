import type { JSX } from "preact";
import type { RunItem } from "../../../src/api.ts";
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
