/** This module has no durable code, but every replay has to read the same value from it. */
export const reference = (): string => `${Date.now()} ${crypto.randomUUID()}`;
