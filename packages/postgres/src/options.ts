export interface PostgresOptions {
  /** The schema that holds the store: a letter or underscore, then letters, digits and underscores. Default: `perdure`, or `?schema=` of the URL. */
  readonly schema?: string;
  /** At most so many connections. Default: 10. */
  readonly connections?: number;
  /**
   * `full`, the default: a commit that is acknowledged is durable, whatever `synchronous_commit` the server or the user has: where it is `off`, the sessions of the
   * store set it to `on`. `normal`: the setting is left as it is, so with `off` a server that fails loses the last moments, and their steps run again.
   */
  readonly durability?: "full" | "normal";
  /** Milliseconds after which a call that got no answer fails. Default: 10,000. */
  readonly timeout?: number;
  /**
   * False: without prepared statements and settings of the session, for pgbouncer in transaction mode. Default: true, or false with `?pgbouncer=true` in
   * the URL, or where pgbouncer refuses the settings.
   */
  readonly prepared?: boolean;
}
