import type { JSX } from "preact";
import type { Status, StepItem } from "../../../src/api.ts";

/** Outlines on a grid of 16 × 16. */
const PATHS = {
  pending: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
  running: "M5 3.5v9l7.5-4.5z",
  waiting: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5v3.2l2.2 1.6",
  completed: "M3.5 8.5l3 3 6-7",
  failed: "M4 4l8 8M12 4l-8 8",
  cancelled: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM4.2 4.2l7.6 7.6",
  blocked: "M8 2.2l6 11H2zM8 6.5v3.2M8 11.4v.2",
  task: "M3.5 3.5h9v9h-9z",
  sleep: "M4 3h8M4 13h8M5 3c0 5 6 5 6 10M11 3c0 5-6 5-6 10",
  signal: "M8 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4.6 11.4a4.8 4.8 0 0 1 0-6.8M11.4 4.6a4.8 4.8 0 0 1 0 6.8",
  child: "M4 3v6a2 2 0 0 0 2 2h6M9.5 8.5L12 11l-2.5 2.5",
  start: "M4 3v6a2 2 0 0 0 2 2h6M9.5 8.5L12 11l-2.5 2.5",
  cancel: "M4 4l8 8M12 4l-8 8",
  scope: "M6 3H4v10h2M10 3h2v10h-2",
  fold: "M6 4l4 4-4 4",
  close: "M4 4l8 8M12 4l-8 8",
} as const satisfies Record<Status | StepItem["kind"] | "scope" | "fold" | "close", string>;

export type IconName = keyof typeof PATHS;

/** A picture that says nothing that does not stand beside it in words. */
export const Icon = ({ name, className = "" }: { name: IconName; className?: string }): JSX.Element => (
  <svg class={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);

export const StatusMark = ({ status }: { status: Status }): JSX.Element => (
  <span class={`status is-${status}`}>
    <Icon name={status} />
    {status}
  </span>
);
