import type { DashboardValidationMessage } from '@slipway/contracts/cloudwatch';
import { LIMITS } from '../limits.ts';

export interface DashboardFaults {
  /** What makes AWS refuse the dashboard. */
  readonly errors: DashboardValidationMessage[];
  /** What it tells and takes. */
  readonly warnings: DashboardValidationMessage[];
}

const TYPES: ReadonlySet<unknown> = new Set(['metric', 'text', 'log', 'alarm', 'explorer', 'custom']);
const COLUMNS = 24;
const ROWS = 1_000;

type Json = Readonly<Record<string, unknown>>;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export function dashboardFaults(body: string): DashboardFaults {
  if (Buffer.byteLength(body) > LIMITS.dashboardSize) return { errors: [{ Message: `The dashboard body is larger than ${LIMITS.dashboardSize} bytes` }], warnings: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { errors: [{ Message: 'The field DashboardBody must be a valid JSON object' }], warnings: [] };
  }
  if (!isObject(parsed)) return { errors: [{ Message: 'The field DashboardBody must be a valid JSON object' }], warnings: [] };
  const { widgets } = parsed;
  if (!Array.isArray(widgets)) return { errors: [{ DataPath: '/', Message: "Should have required property 'widgets'" }], warnings: [] };
  if (widgets.length > LIMITS.widgets) return { errors: [{ DataPath: '/widgets', Message: `Should NOT have more than ${LIMITS.widgets} items` }], warnings: [] };
  const known = ['start', 'end', 'widgets', 'periodOverride', 'variables'];
  return {
    errors: widgets.flatMap((widget: unknown, index) => [...faultsOfWidget(widget, `/widgets/${index}`)]),
    warnings: Object.keys(parsed).filter((name) => !known.includes(name)).map((name) => ({ DataPath: `/${name}`, Message: `Unexpected property '${name}'` })),
  };
}

function* faultsOfWidget(widget: unknown, path: string): Iterable<DashboardValidationMessage> {
  if (!isObject(widget)) {
    yield { DataPath: path, Message: 'Should be object' };
    return;
  }
  const { type, properties } = widget;
  if (type === undefined) yield { DataPath: path, Message: "Should have required property 'type'" };
  else if (!TYPES.has(type)) yield { DataPath: `${path}/type`, Message: `Should be one of ${[...TYPES].join(', ')}` };
  for (const [name, least, most] of [['x', 0, COLUMNS - 1], ['y', 0, Infinity], ['width', 1, COLUMNS], ['height', 1, ROWS]] as const) {
    const value = widget[name];
    if (value !== undefined && (!Number.isInteger(value) || (value as number) < least || (value as number) > most)) yield { DataPath: `${path}/${name}`, Message: `Should be an integer from ${least}${most === Infinity ? '' : ` to ${most}`}` };
  }
  if (!isObject(properties)) {
    yield { DataPath: path, Message: "Should have required property 'properties'" };
    return;
  }
  yield* faultsOfProperties(type, properties, `${path}/properties`);
}

function* faultsOfProperties(type: unknown, properties: Json, path: string): Iterable<DashboardValidationMessage> {
  if (type === 'text' && typeof properties['markdown'] !== 'string') yield { DataPath: path, Message: "Should have required property 'markdown'" };
  if (type === 'log' && typeof properties['query'] !== 'string') yield { DataPath: path, Message: "Should have required property 'query'" };
  if (type === 'alarm' && !Array.isArray(properties['alarms'])) yield { DataPath: path, Message: "Should have required property 'alarms'" };
  if (type !== 'metric') return;
  const { metrics, annotations } = properties;
  if (metrics === undefined && annotations === undefined) yield { DataPath: path, Message: "Should have required property 'metrics'" };
  if (metrics !== undefined && !Array.isArray(metrics)) yield { DataPath: `${path}/metrics`, Message: 'Should be array' };
  if (Array.isArray(metrics) && metrics.length > LIMITS.metricsPerWidget) yield { DataPath: `${path}/metrics`, Message: `Should NOT have more than ${LIMITS.metricsPerWidget} items` };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
