import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { toRuns } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import type { Connection } from "../net/live.ts";

const CONNECTIONS: Record<Connection, string> = {
  connecting: "connecting…",
  live: "live",
  retrying: "disconnected, retrying…",
  paused: "paused",
};

/** Where there is little room, the links scroll. Unlike `scrollIntoView`, this leaves alone where the Tab key goes on from. */
function showCurrent(pages: HTMLElement): void {
  const link = pages.querySelector<HTMLElement>("[aria-current]");
  if (link) pages.scrollLeft = link.offsetLeft - pages.offsetLeft - (pages.clientWidth - link.offsetWidth) / 2;
}

export function Header(): JSX.Element {
  const { route, overview, live, isHelpOpen } = useInspector();
  const { page } = route.value;
  const link = (href: string, text: string, isHere: boolean): JSX.Element => (
    <a href={href} {...(isHere && { "aria-current": "page" as const })}>
      {text}
    </a>
  );
  const pages = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (pages.current) showCurrent(pages.current);
  }, [page]);
  const connection = live.connection.value;
  return (
    <header class="top">
      <span class="brand">Perdure</span>
      <nav aria-label="Pages" ref={pages}>
        {link(toRuns(), "Runs", page === "runs" || page === "run")}
        {link("#/workflows", "Workflows", page === "workflows" || page === "workflow")}
        {link("#/queues", "Queues", page === "queues" || page === "queue")}
        {link("#/schedules", "Schedules", page === "schedules")}
        {link("#/waiting", "Waiting", page === "waiting")}
      </nav>
      <span class="store mono cut" title={overview.value?.store}>
        {overview.value?.store}
      </span>
      <span class={`connection is-${connection}`} role="status">
        {CONNECTIONS[connection]}
      </span>
      <button
        type="button"
        class="is-plain"
        aria-label="Keys and help"
        aria-keyshortcuts="?"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}
