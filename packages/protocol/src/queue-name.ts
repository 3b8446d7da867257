/** The letters of the names that queues have, in directives and in options. */
const pattern = /^[\p{L}\p{N}_.:-]+$/u;

/** Whether text can be the name of a queue: letters, digits, `-`, `_`, `.` and `:`. */
export const isQueueName = (text: string): boolean => pattern.test(text);
