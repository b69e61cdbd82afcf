import type { Caller } from '../../kernel/caller.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => String(value).padStart(2, '0');

/** `Wed Nov 06 19:10:58 UTC 2019`, as CodeCommit's events write dates. */
export function eventDate(at: number): string {
  const date = new Date(at);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} UTC ${date.getUTCFullYear()}`;
}

/** The page of AWS's console that an event's words lead to. */
export function consolePage(region: string, repository: string, page: string): string {
  return `https://${region}.console.aws.amazon.com/codesuite/codecommit/repositories/${repository}/${page}`;
}

/** Who the caller is to people, from the session tags that AWS documents for it. */
export interface DisplayedUser {
  readonly displayName?: string;
  readonly emailAddress?: string;
}

export function displayedUser({ sessionTags = {} }: Pick<Caller, 'sessionTags'>): DisplayedUser {
  const { displayName, emailAddress } = sessionTags;
  return { ...displayName === undefined ? {} : { displayName }, ...emailAddress === undefined ? {} : { emailAddress } };
}
