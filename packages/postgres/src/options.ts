export interface PostgresOptions {
  /** The schema that holds the store: a letter or underscore, then letters, digits and underscores. Default: `perdure`, or `?schema=` of the URL. */
  readonly schema?: string;
  /** At most so many connections. Default: 10. */
  readonly connections?: number;
  /** Milliseconds after which a call that got no answer fails. Default: 10,000. */
  readonly timeout?: number;
  /**
   * False: without prepared statements and settings of the session, for pgbouncer in transaction mode. Default: true, or false with `?pgbouncer=true` in
   * the URL, or where pgbouncer refuses the settings.
   */
  readonly prepared?: boolean;
}
