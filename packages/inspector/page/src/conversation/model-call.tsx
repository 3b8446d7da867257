import type { JSX } from "preact";
import type { ModelCallItem } from "../../../src/api-conversation.ts";
import { costText, tokensText } from "../model/agent.ts";
import { formatDuration } from "../model/format.ts";
import { FailedAttempts, StepLink } from "../parts/step.tsx";
import { Time } from "../parts/text.tsx";
import { Content } from "./content.tsx";
import type { Scene } from "./scene.ts";

/** What is nothing to say of an answer. */
const USUAL = new Set(["stop", "tool-calls"]);

/** One call of a model: what it answered, or why it did not, and what that took. */
export function ModelCall({ call, ...scene }: { call: ModelCallItem } & Scene): JSX.Element {
  const { step, kind, parts, finishReason } = call;
  const isChat = kind === "generate" || kind === "stream";
  return (
    <>
      <p class="role">{isChat ? "Assistant" : kind}</p>
      <div class="said is-assistant">
        <FailedAttempts attempts={step.failedAttempts} hasFailed={step.state === "failed"} />
        <Content parts={parts} {...scene} />
        {step.state === "failed" && step.error !== undefined && <p class="is-failed headline">{step.error}</p>}
        {step.state === "open" && (
          <p class="muted">
            Is called again
            {step.dueAt !== undefined && (
              <>
                {" "}
                <Time at={step.dueAt} />
              </>
            )}
          </p>
        )}
        {finishReason !== undefined && !USUAL.has(finishReason) && <p class="is-blocked">Stopped: {finishReason}</p>}
        <CallFacts call={call} onSelect={scene.onSelect} />
      </div>
    </>
  );
}

function CallFacts({ call, onSelect }: { call: ModelCallItem; onSelect: Scene["onSelect"] }): JSX.Element {
  const { step, provider, model, usage } = call;
  const cost = usage && costText(usage);
  const facts = [
    [provider, model].filter((name) => name !== undefined).join(" "),
    step.finishedAt === undefined ? "" : formatDuration(step.finishedAt - step.startedAt),
    usage ? tokensText(usage) : "",
    cost === undefined ? "" : `cost ${cost}`,
  ];
  return (
    <p class="call-facts">
      {facts
        .filter((fact) => fact !== "")
        .map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      <StepLink id={step.id} onSelect={onSelect} />
    </p>
  );
}
