import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Which cities the model asks for in each turn, at the same time. After the last turn it answers. */
const TURNS = [["Oslo", "Bergen"], ["Rome"]] as const;
export const CITIES = TURNS.flat();
export const CALLS = TURNS.length + 1;
export const ANSWER = "It is sunny everywhere.";

interface Request {
  readonly messages: readonly { readonly role: string }[];
  readonly stream?: boolean;
}

/** A server that speaks as much of the APIs of OpenAI and Anthropic as an agent loop needs. What it says depends only on what it was told. */
export class ModelServer {
  /** How often each turn of the conversation was asked for. */
  readonly asked = new Map<number, number>();
  /** Called before a request is answered; it is not answered after `false`. */
  onRequest: (turn: number) => boolean = () => true;
  private readonly server = createServer((request, response) => {
    void this.answer(request).then((answer) => {
      if (!answer) return response.destroy();
      return response.writeHead(200, { "content-type": answer.type }).end(answer.body);
    });
  });

  static async start(): Promise<ModelServer> {
    const made = new ModelServer();
    await new Promise<void>((listening) => made.server.listen(0, "127.0.0.1", listening));
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(
    request: IncomingMessage,
  ): Promise<{ readonly type: string; readonly body: string } | undefined> {
    const { messages, stream = false } = JSON.parse(await text(request)) as Request;
    const turn = messages.filter(({ role }) => role === "assistant").length;
    this.asked.set(turn, (this.asked.get(turn) ?? 0) + 1);
    if (!this.onRequest(turn)) return undefined;
    const cities = TURNS[turn] ?? [];
    if (request.url === "/v1/messages") return json(anthropic(turn, cities));
    return stream ? events(openAiChunks(turn, cities)) : json(openAi(turn, cities));
  }
}

const json = (body: unknown): { readonly type: string; readonly body: string } => ({
  type: "application/json",
  body: JSON.stringify(body),
});

const events = (chunks: readonly unknown[]): { readonly type: string; readonly body: string } => ({
  type: "text/event-stream",
  body: [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`).join(""),
});

const idOf = (turn: number, city: string): string => `call-${turn}-${city}`;

const messageOf = (turn: number, cities: readonly string[]): object => {
  if (cities.length === 0) return { role: "assistant", content: ANSWER };
  const calls = cities.map((city, index) => ({
    index,
    id: idOf(turn, city),
    type: "function",
    function: { name: "lookUp", arguments: JSON.stringify({ city }) },
  }));
  return { role: "assistant", content: null, tool_calls: calls };
};

const reasonOf = (cities: readonly string[]): string => (cities.length === 0 ? "stop" : "tool_calls");
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const head = (turn: number): object => ({ id: `answer-${turn}`, created: 1, model: "test" });

const openAi = (turn: number, cities: readonly string[]): object => ({
  ...head(turn),
  object: "chat.completion",
  choices: [{ index: 0, message: messageOf(turn, cities), finish_reason: reasonOf(cities) }],
  usage,
});

const openAiChunks = (turn: number, cities: readonly string[]): readonly object[] => {
  const chunk = { ...head(turn), object: "chat.completion.chunk" };
  return [
    { ...chunk, choices: [{ index: 0, delta: messageOf(turn, cities), finish_reason: null }] },
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reasonOf(cities) }], usage },
  ];
};

const anthropic = (turn: number, cities: readonly string[]): object => ({
  id: `answer-${turn}`,
  type: "message",
  role: "assistant",
  model: "test",
  content:
    cities.length === 0
      ? [{ type: "text", text: ANSWER }]
      : cities.map((city) => ({ type: "tool_use", id: idOf(turn, city), name: "lookUp", input: { city } })),
  stop_reason: cities.length === 0 ? "end_turn" : "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 5 },
});
