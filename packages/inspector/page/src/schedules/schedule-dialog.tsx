import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ScheduleActionName } from "../../../src/api.ts";
import { EXPLANATIONS } from "../model/schedule-actions.ts";
import { sentenceOf } from "../net/client.ts";
import { useInspector } from "../net/context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/text.tsx";

interface ScheduleDialogProps {
  readonly name: string;
  readonly action: ScheduleActionName;
  readonly onClose: () => void;
}

/** Says what an action does to a schedule, and has it done. */
export function ScheduleDialog({ name, action, onClose }: ScheduleDialogProps): JSX.Element {
  const { client, notice } = useInspector();
  const { button, title, effects, isDangerous } = EXPLANATIONS[action];
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    try {
      const { done, message, started } = await client.actOnSchedule(action, name);
      notice.value = { text: `${name} ${message}`, isProblem: !done, ...(started !== undefined && { started }) };
      onClose();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p class="mono id">{name}</p>
        {effects.map((effect) => (
          <p key={effect}>{effect}</p>
        ))}
        {problem !== undefined && <Problem text={problem} />}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Not now
          </button>
          <button type="submit" class={isDangerous ? "is-danger" : "is-primary"} disabled={isBusy}>
            {button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
