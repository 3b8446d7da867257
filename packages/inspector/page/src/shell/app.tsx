import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ActionDialog } from "../actions/action-dialog.tsx";
import type { Route } from "../model/route.ts";
import { formatRoute, parseRoute, toRun, toRuns } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { Message } from "../parts/text.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { QueueView } from "../queues/queue-page.tsx";
import { QueuesPage } from "../queues/queues-page.tsx";
import { RunView } from "../run/run-page.tsx";
import { RunsPage } from "../runs/runs-page.tsx";
import { SchedulesPage } from "../schedules/schedules-page.tsx";
import { WaitingPage } from "../waiting/waiting-page.tsx";
import { WorkflowView } from "../workflows/workflow-page.tsx";
import { WorkflowsPage } from "../workflows/workflows-page.tsx";
import { Header } from "./header.tsx";
import { HelpDialog } from "./help.tsx";
import { NoticeBar } from "./notice.tsx";
import { TokenForm } from "./token-form.tsx";

/** The whole page. */
export function App(): JSX.Element {
  const inspector = useInspector();
  const { client, live, places, route, intent, isHelpOpen } = inspector;
  useRoute();
  useClock();
  const isLive = live.connection.value === "live";
  useEffect(() => {
    if (!client.isLocked.value && !inspector.overview.value) void inspector.readOverview();
  }, [client.isLocked.value, isLive]);
  useKeys({
    "/": (event) => {
      event.preventDefault();
      const field = document.querySelector<HTMLInputElement>("[data-search]");
      if (field) field.focus();
      else if (!client.isLocked.value) {
        places.wantsSearch = true;
        location.hash = places.runsAddress;
      }
    },
    "?": () => {
      isHelpOpen.value = true;
    },
  });
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        To the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        {client.isLocked.value ? <TokenForm /> : <Page route={route.value} />}
      </main>
      <NoticeBar />
      {intent.value && <ActionDialog intent={intent.value} />}
      {isHelpOpen.value && <HelpDialog />}
    </>
  );
}

/** The fragment of the address is the route, so a link to a part of the page cannot use it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Page({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case "runs":
      return <RunsPage filter={route.filter} />;
    case "run":
      return <RunView key={route.id} id={route.id} step={route.step} view={route.view} />;
    case "workflows":
      return <WorkflowsPage />;
    case "workflow":
      return <WorkflowView key={route.name} name={route.name} />;
    case "queues":
      return <QueuesPage />;
    case "queue":
      return <QueueView key={route.name} name={route.name} />;
    case "schedules":
      return <SchedulesPage />;
    case "waiting":
      return <WaitingPage />;
    case "unknown":
      return (
        <Message title="There is no such page.">
          <p>
            <a href={toRuns()}>Show all runs</a>
          </p>
        </Message>
      );
  }
}

function useRoute(): void {
  const { route, places } = useInspector();
  useEffect(() => {
    const follow = (): void => {
      // an address with another token was opened in this tab
      if (location.hash.startsWith("#token=")) {
        location.reload();
        return;
      }
      const next = parseRoute(location.hash);
      const isElsewhere = placeOf(next) !== placeOf(route.value);
      places.scrolled.set(placeOf(route.value), scrollY);
      if (next.page === "runs") places.runsAddress = formatRoute(next);
      route.value = next;
      if (!isElsewhere) return;
      requestAnimationFrame(() => {
        scrollTo(0, places.scrolled.get(placeOf(next)) ?? 0);
        // what had the focus is gone. The list gives it to the line that had it
        if (next.page !== "runs") document.getElementById("main")?.focus({ preventScroll: true });
      });
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const title = titleOf(route.value);
  useEffect(() => {
    document.title = `${title} · Perdure`;
  }, [title]);
}

/** A step is shown within the page of its run. */
const placeOf = (route: Route): string => (route.page === "run" ? toRun(route.id) : formatRoute(route));

function titleOf(route: Route): string {
  if (route.page === "run") return route.id;
  if (route.page === "workflow" || route.page === "queue") return route.name;
  if (route.page === "unknown") return "Not found";
  return route.page.replace(/^./u, (first) => first.toUpperCase());
}

/** Once a second, while somebody looks. */
function useClock(): void {
  const inspector = useInspector();
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) inspector.tick();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
}
