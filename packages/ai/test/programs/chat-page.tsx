/** @jsxImportSource react */
import { useChat } from "@ai-sdk/react";
import { isToolUIPart, type UIMessage } from "ai";
import { RunChatTransport } from "perdure-ai/chat";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const transport = new RunChatTransport({ retryDelay: 50 });

interface ChatProps {
  readonly id: string;
  readonly messages: UIMessage[];
}

function Chat({ id, messages: earlier }: ChatProps) {
  const { messages, status, error, sendMessage, regenerate, addToolApprovalResponse } = useChat({
    id,
    messages: earlier,
    resume: true,
    transport,
  });
  const decide = async (approvalId: string, approved: boolean): Promise<void> => {
    const body = JSON.stringify({ approvalId, approved });
    await fetch(`/api/chat/${id}/approvals`, { method: "POST", body });
    await addToolApprovalResponse({ id: approvalId, approved }); // the buttons disappear at once
  };
  return (
    <>
      {messages.map((message) => (
        <article key={message.id} data-role={message.role}>
          {message.parts.map((part, index) => {
            if (part.type === "text") return <p key={index}>{part.text}</p>;
            if (!isToolUIPart(part)) return null;
            return (
              <section key={index}>
                {part.type}: {part.state}
                {part.state === "approval-requested" && (
                  <>
                    <button onClick={() => void decide(part.approval.id, true)}>Approve</button>
                    <button onClick={() => void decide(part.approval.id, false)}>Deny</button>
                  </>
                )}
              </section>
            );
          })}
        </article>
      ))}
      <p role="status">{status}</p>
      {error && <button onClick={() => void regenerate()}>Try again</button>}
      <form action={(data: FormData) => void sendMessage({ text: String(data.get("question")) })}>
        <input name="question" aria-label="Question" />
      </form>
    </>
  );
}

/** Shows the chat with the messages that the server has, and continues the answer that is being written. */
export async function show(root: Element, id: string): Promise<void> {
  const messages = (await (await fetch(`/api/chat/${id}`)).json()) as UIMessage[];
  createRoot(root).render(
    <StrictMode>
      <Chat id={id} messages={messages} />
    </StrictMode>,
  );
}
