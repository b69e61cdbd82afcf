/** The port by which rooms report measures of their own under AWS's namespaces; bound in `main`, answered by CloudWatch. */
export interface MetricSink {
  /**
   * Resolves once the points are on disk. `once` names the report: the same report again changes nothing.
   * Works inside no transaction.
   */
  record(report: MetricReport): Promise<void>;
}

export interface MetricReport {
  readonly account: string;
  readonly region: string;
  /** `AWS/CodeBuild` */
  readonly namespace: string;
  readonly once: string;
  readonly data: readonly MetricPoint[];
}

export interface MetricPoint {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** ms UTC */
  readonly timestamp: number;
  readonly value: number;
  /** One of CloudWatch's units: `Seconds`, `Count`, `Percent`, `Bytes`, … */
  readonly unit: string;
}
