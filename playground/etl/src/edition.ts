/** The edition that the launcher has made, and the run that makes it. */
export const edition = "2001-q1";
export const runId = `digest-${edition}`;
