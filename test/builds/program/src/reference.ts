/** Nothing durable is here, but each replay has to read the same. */
export const reference = (): string => `${Date.now()} ${crypto.randomUUID()}`;
