import type { JSX } from "preact";
import type { FailedAttempt } from "../../../src/api.ts";
import { countOf, formatDuration, formatTime } from "../model/format.ts";

/** Opens the details of a step. */
export const StepLink = ({ id, onSelect }: { id: string; onSelect: (step: string) => void }): JSX.Element => (
  <button type="button" class="link mono" aria-label={`Details of the step ${id}`} onClick={() => onSelect(id)}>
    {id}
  </button>
);

export const Attempts = ({ attempts }: { attempts: readonly FailedAttempt[] }): JSX.Element => (
  <ol class="plain attempts">
    {attempts.map(({ attempt, startedAt, endedAt, error }) => (
      <li key={attempt}>
        <span class="muted">
          {attempt}. {formatTime(startedAt)}, {formatDuration(endedAt - startedAt)}
        </span>
        <span class="is-failed">{error}</span>
      </li>
    ))}
  </ol>
);

interface FailedAttemptsProps {
  readonly attempts: readonly FailedAttempt[];
  /** The last of them is the failure of the step, which is shown elsewhere. */
  readonly hasFailed: boolean;
}

/** The attempts of a call before the one that ended it, folded. */
export function FailedAttempts({ attempts, hasFailed }: FailedAttemptsProps): JSX.Element | null {
  const earlier = hasFailed ? attempts.slice(0, -1) : attempts;
  if (earlier.length === 0) return null;
  return (
    <details>
      <summary class="is-failed">{countOf(earlier.length, "failed attempt")}</summary>
      <Attempts attempts={earlier} />
    </details>
  );
}
