/** The name of the plugin in the messages of bundlers. */
export const name = "perdure";
