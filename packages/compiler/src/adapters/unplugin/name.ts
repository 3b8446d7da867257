/** What bundlers call the plugin in their messages. */
export const name = "perdure";
