/** What the workflows of the test have done. */
export const done: string[] = [];

export const note = (what: string): void => void done.push(what);
