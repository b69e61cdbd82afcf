import { ServiceError } from '../../kernel/errors.ts';

/** CodePipeline User Guide, "Quotas in AWS CodePipeline". */
export const MAX_STAGES = 50;
export const MAX_ACTIONS_PER_STAGE = 100;
export const MAX_ACTIONS = 1000;
export const MAX_QUEUED = 50;
export const MAX_PARALLEL = 50;
export const MAX_RUN_ORDER = 999;
/** Artifact keys: at most this much of the pipeline's and the artifact's name. */
export const KEY_PIPELINE = 20;
export const KEY_ARTIFACT = 10;
export const APPROVAL_MINUTES = [5, 86_400] as const;

const NAME = { pattern: /^[A-Za-z0-9.@\-_]+$/, text: '[A-Za-z0-9.@\\-_]+', most: 100 };
const ARTIFACT = { pattern: /^[a-zA-Z0-9_-]+$/, text: '[a-zA-Z0-9_\\-]+', most: 100 };
const NAMESPACE = { pattern: /^[A-Za-z0-9@\-_]+$/, text: '[A-Za-z0-9@\\-_]+', most: 100 };
const ROLE = { pattern: /^arn:aws(-[\w]+)*:iam::[0-9]{12}:role\/.*$/, text: 'arn:aws(-[\\w]+)*:iam::[0-9]{12}:role/.*', most: 1024 };
const TOKEN = { pattern: /^[a-zA-Z0-9-]+$/, text: '[a-zA-Z0-9-]+', most: 128 };
const EXECUTION = { pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, text: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', most: 36 };
const REASON = { pattern: /^[a-zA-Z0-9!@ ()._*?-]+$/, text: '[a-zA-Z0-9!@ \\(\\)\\.\\*\\?\\-]+', most: 300 };

interface Rule { readonly pattern: RegExp; readonly text: string; readonly most: number }

/** Members by path; numbers of lists are written as `*`. */
const RULES: readonly (readonly [RegExp, Rule])[] = [
  [/^pipeline\.name$/, NAME], [/^(name|pipelineName|stageName|actionName)$/, NAME],
  [/^pipeline\.stages\.\d+\.member\.name$/, NAME], [/^pipeline\.stages\.\d+\.member\.actions\.\d+\.member\.name$/, NAME],
  [/Artifacts\.\d+\.member\.name$/, ARTIFACT], [/\.member\.namespace$/, NAMESPACE], [/roleArn$/, ROLE],
  [/^pipelineExecutionId$/, EXECUTION], [/^clientRequestToken$/, TOKEN],
];

const RANGES: Readonly<Record<string, readonly [number, number]>> = { maxResults: [1, 1000] };

/** What AWS's model constrains beyond types, in AWS's words. */
export function validate(operation: string, input: unknown): void {
  const found = [...violations(input, '')];
  const { reason } = input as { reason?: unknown };
  if (operation === 'DisableStageTransition' && typeof reason === 'string') found.push(...check(reason, 'reason', REASON));
  if (found.length === 0) return;
  throw new ServiceError('ValidationException', `${found.length} validation error${found.length > 1 ? 's' : ''} detected: ${found.join('; ')}`);
}

function* violations(value: unknown, path: string): Iterable<string> {
  if (typeof value === 'string') {
    const rule = RULES.find(([at]) => at.test(path))?.[1];
    if (rule) yield* check(value, path, rule);
  } else if (typeof value === 'number') {
    const range = RANGES[path];
    if (range && (value < range[0] || value > range[1])) {
      yield `Value '${value}' at '${path}' failed to satisfy constraint: Member must have value ${value < range[0] ? `greater than or equal to ${range[0]}` : `less than or equal to ${range[1]}`}`;
    }
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* violations(item, `${path}.${index + 1}.member`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) yield* violations(member, path === '' ? name : `${path}.${name}`);
  }
}

function* check(value: string, path: string, { pattern, text, most }: Rule): Iterable<string> {
  const failed = (constraint: string): string => `Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`;
  if (value.length < 1) yield failed('Member must have length greater than or equal to 1');
  else if (value.length > most) yield failed(`Member must have length less than or equal to ${most}`);
  else if (!pattern.test(value)) yield failed(`Member must satisfy regular expression pattern: ${text}`);
}
