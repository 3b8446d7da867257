import type { JSX } from "preact";
import type { ContentItem } from "../../../src/api-conversation.ts";
import type { ValueText } from "../../../src/api.ts";
import { Value } from "../parts/text.tsx";
import type { Scene } from "./scene.ts";
import { ToolCall } from "./tool-call.tsx";

/** The parts of a message or of an answer. */
export const Content = ({ parts, ...scene }: { parts: readonly ContentItem[] } & Scene): JSX.Element => (
  <>
    {parts.map((part, at) => (
      <Part key={at} part={part} {...scene} />
    ))}
  </>
);

function Part({ part, ...scene }: { part: ContentItem } & Scene): JSX.Element {
  switch (part.type) {
    case "text":
      return <Prose text={part.text} />;
    case "reasoning":
      return (
        <details class="reasoning">
          <summary>Reasoning</summary>
          <Prose text={part.text} />
        </details>
      );
    case "tool-call":
      return <ToolCall call={part.call} {...scene} />;
    case "file":
      return (
        <p class="muted">
          File{part.name !== undefined && ` ${part.name}`} ({part.mediaType})
        </p>
      );
    case "source":
      return (
        <p class="muted">
          Source: {part.title}{" "}
          {part.url !== undefined && part.url !== part.title && <span class="mono">{part.url}</span>}
        </p>
      );
    case "value":
      return <Value value={part.value} label="A part of the message" />;
  }
}

/** What somebody has said, with its line breaks. */
const Prose = ({ text }: { text: ValueText }): JSX.Element => (
  <>
    <p class="prose">{text.text}</p>
    {text.isCut && <p class="muted">This is only the beginning of a long text.</p>}
  </>
);
