export const DIRECTIVE_KINDS = ["task", "workflow"] as const;
export type DirectiveKind = (typeof DIRECTIVE_KINDS)[number];

/** The words that begin a directive. */
export type DirectiveWords = Readonly<Record<DirectiveKind, string>>;

export const DIRECTIVE_WORDS: DirectiveWords = { task: "use task", workflow: "use workflow" };
