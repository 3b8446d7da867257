/** Text for any value, for messages. Never throws, whatever the value's own methods do. */
export function textOf(value: unknown): string {
  try {
    return value instanceof Error ? `${String(value.name)}: ${String(value.message)}` : String(value);
  } catch {
    return `a value of type ${typeof value}`;
  }
}
