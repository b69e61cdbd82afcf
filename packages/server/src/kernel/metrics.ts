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
  /** One value, or several of the same time. */
  readonly value: number | MetricValues;
  /** One of CloudWatch's units: `Seconds`, `Count`, `Percent`, `Bytes`, … */
  readonly unit: string;
}

export interface MetricValues {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}
