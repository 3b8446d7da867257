/** The edition that the launcher makes. Its run has the same id. */
export const edition = "2001-q1";
export const runId = `digest-${edition}`;
