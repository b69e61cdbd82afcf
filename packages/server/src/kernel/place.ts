/** Where a resource lives; rows and calls are places too. */
export interface Place {
  readonly account: string;
  /** Empty for what is global. */
  readonly region: string;
}
