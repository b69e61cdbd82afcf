import { createHash } from 'node:crypto';
import { isReferenceName } from '../../../git/index.ts';
import { parseArn } from '../../../kernel/arn.ts';
import { limits } from '../limits.ts';

/** What a rule demands. */
export interface RuleContent {
  /** Of a template: the destinations, with `*` at a name's end, of the pull requests it makes a rule on. Absent: all. */
  readonly destinations?: readonly string[];
  /** Each of them has to be met. */
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly needed: number;
  /** Whose approvals count; absent: everybody's. */
  readonly pool?: readonly string[];
}

/** Why a content is none, in words for the one who wrote it. */
export class BadContent extends Error {
  override readonly name = 'BadContent';
}

const VERSION = '2018-11-08';

/**
 * Reads `{"Version":"2018-11-08","DestinationReferences":[…],"Statements":[{"Type":"Approvers","NumberOfApprovalsNeeded":2,
 * "ApprovalPoolMembers":[…]}]}`. Destinations are for templates alone. @throws BadContent
 */
export function parseContent(text: string, of: 'rule' | 'template'): RuleContent {
  if (text.length > limits.approvalRuleContentLength) throw new BadContent(`it is longer than ${limits.approvalRuleContentLength} characters`);
  const content = members(json(text), 'the content', ['Version', 'Statements', ...of === 'template' ? ['DestinationReferences'] : []]);
  if (content['Version'] !== VERSION) throw new BadContent(`Version must be "${VERSION}"`);
  const statements = list(content['Statements'], 'Statements').map(statement);
  if (statements.length === 0) throw new BadContent('Statements must have at least one statement');
  const destinations = content['DestinationReferences'] === undefined ? undefined : list(content['DestinationReferences'], 'DestinationReferences').map(destination);
  if (destinations && destinations.length > limits.templateDestinations) throw new BadContent(`there are more than ${limits.templateDestinations} DestinationReferences`);
  return { statements, ...destinations && destinations.length > 0 ? { destinations } : {} };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadContent('it is not valid JSON', { cause: error });
  }
}

function members(value: unknown, what: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadContent(`${what} must be a JSON object`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadContent(`${what} must not have a member ${unknown}`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new BadContent(`${what} must be a list`);
  return value;
}

function statement(value: unknown): Statement {
  const { Type: type, NumberOfApprovalsNeeded: needed, ApprovalPoolMembers: pool } =
    members(value, 'a statement', ['Type', 'NumberOfApprovalsNeeded', 'ApprovalPoolMembers']);
  if (type !== 'Approvers') throw new BadContent('a statement\'s Type must be "Approvers"');
  if (typeof needed !== 'number' || !Number.isInteger(needed) || needed < 1 || needed > limits.approvalsPerPullRequest) {
    throw new BadContent(`NumberOfApprovalsNeeded must be a whole number from 1 to ${limits.approvalsPerPullRequest}`);
  }
  if (pool === undefined) return { needed };
  const approvers = list(pool, 'ApprovalPoolMembers').map(poolMember);
  if (approvers.length > limits.approversPerPool) throw new BadContent(`there are more than ${limits.approversPerPool} ApprovalPoolMembers`);
  return approvers.length === 0 ? { needed } : { needed, pool: approvers };
}

const SHORT = /^CodeCommitApprovers:(\d{12}):(.+)$/;

/** What stands behind the account in the ARNs of those who can approve. */
const APPROVERS: Readonly<Record<string, RegExp>> = { iam: /^(?:user\/.+|role\/.+|root)$/, sts: /^(?:assumed-role|federated-user)\/.+$/ };

function poolMember(value: unknown): string {
  if (typeof value === 'string') {
    const arn = parseArn(value);
    if (SHORT.test(value) || (arn && /^\d{12}$/.test(arn.account) && APPROVERS[arn.service]?.test(arn.resource))) return value;
  }
  throw new BadContent(`${JSON.stringify(value)} is neither CodeCommitApprovers:<account>:<name> nor the ARN of a user, role or session`);
}

function destination(value: unknown): string {
  if (typeof value !== 'string' || !value.startsWith('refs/heads/') || value.startsWith('refs/heads/*') || !isReferenceName(value.replaceAll('*', 'x'))) {
    throw new BadContent(`${JSON.stringify(value)} is not a full branch reference such as refs/heads/main; * may stand in it, not at the beginning of the name`);
  }
  return value;
}

/** Whether a template with this content makes a rule on a pull request into the reference. */
export function appliesTo({ destinations }: RuleContent, reference: string): boolean {
  return destinations === undefined || destinations.some((pattern) => fits(pattern, reference));
}

/**
 * Whether an approval by `userArn` counts for a pool's member. `CodeCommitApprovers:A:name` stands for users and
 * federated users of that name; a session is known as `Role/session`, so only `Role/…` or a wildcard reaches it. A role
 * without a session stands for all of its sessions.
 */
export function isApprover(member: string, userArn: string): boolean {
  const user = parseArn(userArn);
  if (!user) return false;
  const [kind, ...rest] = user.resource.split('/');
  const short = SHORT.exec(member);
  if (short) {
    const [, account, name = ''] = short;
    if (account !== user.account) return false;
    const names = kind === 'assumed-role' ? [rest.join('/')] : [rest.join('/'), rest.at(-1) ?? ''];
    return names.some((known) => fits(name, known));
  }
  if (fits(member, userArn)) return true;
  const pattern = parseArn(member);
  if (!pattern || kind !== 'assumed-role' || !fits(pattern.account, user.account)) return false;
  const [patternKind, ...roleParts] = pattern.resource.split('/');
  const role = roleParts.at(-1) ?? '';
  if (patternKind === 'role') return fits(role, rest[0] ?? '');
  return patternKind === 'assumed-role' && roleParts.length === 1 && fits(role, rest[0] ?? '');
}

/** Whether the approvals, one for each ARN, meet all that the content demands. */
export function isSatisfied({ statements }: RuleContent, approvers: readonly string[]): boolean {
  return statements.every(({ needed, pool }) =>
    approvers.filter((user) => pool === undefined || pool.some((member) => isApprover(member, user))).length >= needed);
}

export const contentSha256 = (content: string): string => createHash('sha256').update(content).digest('hex');

/** `*` stands for any characters. No regular expression: patterns are users' and could be made to take forever. */
function fits(pattern: string, text: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail)) return false;
  let from = head.length;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > text.length - tail.length) return false;
    from = at + part.length;
  }
  return true;
}
