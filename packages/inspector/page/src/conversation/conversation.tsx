import type { JSX } from "preact";
import type { Conversation, ConversationItem, ConversationPage } from "../../../src/api-conversation.ts";
import { costText, tokensText, toolCallsOf } from "../model/agent.ts";
import { countOf } from "../model/format.ts";
import { Content } from "./content.tsx";
import { ModelCall } from "./model-call.tsx";
import type { Scene } from "./scene.ts";
import { ToolCall } from "./tool-call.tsx";

/** The calls of models and tools of a run, to be read from top to bottom. */
export function ConversationView({ page, ...scene }: { page: ConversationPage } & Scene): JSX.Element {
  const { conversations, otherCalls, otherTools, writing, isGuess, isCut } = page;
  return (
    <section class="conversation" aria-labelledby="conversation-title">
      <div class="page-head">
        <h2 id="conversation-title">Conversation</h2>
        <p class="muted" role="status">
          {summaryOf(page)}
        </p>
      </div>
      {isCut && <p class="muted">This run has many steps. The conversation is that of the latest 1,000.</p>}
      {isGuess && (
        <p class="muted">
          The inputs of steps are not recorded, so it is not certain which calls belong together:{" "}
          <code>configure({"{ recordInputs: true }"})</code> has them recorded.
        </p>
      )}
      {conversations.map((conversation, at) => (
        <section key={at} aria-label={conversations.length > 1 ? `Conversation ${at + 1}` : "Messages"}>
          {conversations.length > 1 && <ConversationHead number={at + 1} conversation={conversation} />}
          <ol class="plain turns">
            {conversation.items.map((item, place) => (
              <li key={place} class="turn">
                <Item item={item} {...scene} />
              </li>
            ))}
          </ol>
        </section>
      ))}
      {writing.length > 0 && (
        <section aria-label="Being written">
          <ol class="plain turns">
            {writing.map(({ step, parts }) => (
              <li key={step} class="turn">
                <p class="role">Assistant</p>
                <div class="said is-assistant">
                  <Content parts={parts} {...scene} />
                  <p class="call-facts">
                    <span>is writing…</span> <span class="mono">{step}</span>
                  </p>
                </div>
              </li>
            ))}
          </ol>
        </section>
      )}
      {otherTools.length > 0 && (
        <section>
          <h3>Other calls of tools</h3>
          {otherTools.map((call) => (
            <ToolCall key={call.id} call={call} {...scene} />
          ))}
        </section>
      )}
      {otherCalls.length > 0 && (
        <section>
          <h3>Other calls of models</h3>
          <ol class="plain turns">
            {otherCalls.map((call) => (
              <li key={call.step.id} class="turn">
                <ModelCall call={call} {...scene} />
              </li>
            ))}
          </ol>
        </section>
      )}
    </section>
  );
}

function summaryOf(page: ConversationPage): string {
  const { conversations, otherCalls } = page;
  const calls = conversations.flatMap(({ items }) => items.filter(({ type }) => type === "call"));
  return `${countOf(calls.length + otherCalls.length, "model call")}, ${countOf(toolCallsOf(page).length, "tool call")}`;
}

function ConversationHead({ number, conversation }: { number: number; conversation: Conversation }): JSX.Element {
  const cost = costText(conversation.usage);
  return (
    <h3>
      {number}. <span class="mono">{conversation.name}</span>{" "}
      <span class="muted">
        {tokensText(conversation.usage)}
        {cost !== undefined && `, cost ${cost}`}
      </span>
    </h3>
  );
}

const ROLES = { system: "System", user: "User", assistant: "Assistant", tool: "Tool", other: "Message" } as const;

function Item({ item, ...scene }: { item: ConversationItem } & Scene): JSX.Element {
  if (item.type === "call") return <ModelCall call={item.call} {...scene} />;
  const { role, parts } = item;
  const content = <Content parts={parts} {...scene} />;
  return (
    <>
      <p class="role">{ROLES[role]}</p>
      <div class={`said is-${role}`}>
        {role === "system" ? (
          <details>
            <summary>Instructions</summary>
            {content}
          </details>
        ) : (
          content
        )}
      </div>
    </>
  );
}
