import { RE2JS } from 're2js';
import type { Entry } from './document.ts';
import type { HostKey } from './keys.ts';
import type { OnFailure } from './types.ts';

const ACCEPTED = ['ABORT', 'CONTINUE', 'RETRY', 'RETRY-count (0 to 100)', 'RETRY-regex', 'RETRY-count-regex'];

/** AWS's defaults for what RETRY leaves out. */
const DEFAULT_COUNT = 3;
const MOST_RETRIES = 100;

/** `on-failure` in all its forms: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html */
export function readOnFailure(entry: Entry | undefined, honours: readonly HostKey[]): OnFailure | undefined {
  if (entry === undefined || entry.value.empty) return undefined;
  const text = entry.value.text('on-failure');
  if (text === 'ABORT' || text === 'CONTINUE') return text;
  const retry = /^RETRY(?:-(.+))?$/s.exec(text);
  if (retry === null) throw entry.value.fail(`Unknown on-failure "${text}"`, ACCEPTED);
  if (!honours.includes('on-failure: RETRY')) throw entry.value.fail(`on-failure: ${text} is not supported by Slipway yet`, ['ABORT', 'CONTINUE']);
  const [, digits, rest] = /^(\d+)(?:-(.+))?$/s.exec(retry[1] ?? '') ?? [];
  const count = digits === undefined ? DEFAULT_COUNT : Number(digits);
  if (count > MOST_RETRIES) throw entry.value.fail(`on-failure: ${text} asks for ${count} retries`, ['a count from 0 to 100']);
  const pattern = (digits === undefined ? retry[1] : rest) ?? '.*';
  try {
    RE2JS.compile(pattern);
  } catch (cause) {
    throw entry.value.fail(`on-failure: ${text} holds no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`, ["a regular expression in RE2's language"]);
  }
  return { action: 'RETRY', count, pattern };
}
