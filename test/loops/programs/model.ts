/** A message of the OpenAI API. */
export interface Message {
  readonly role: "user" | "assistant" | "tool";
  readonly content: string | null;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly arguments: string } }[];
}

/** One call of the model, without an SDK. */
export async function complete(messages: readonly Message[]): Promise<Message> {
  const response = await fetch(`${process.env.MODEL_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "test", messages }),
  });
  const { choices } = (await response.json()) as { readonly choices: readonly [{ readonly message: Message }] };
  return choices[0].message;
}
