import { pages } from '../../kernel/paging.ts';
import type { Pages, Paging } from '../../kernel/paging.ts';
import type { Place } from '../../kernel/place.ts';
import { invalidToken } from './fail.ts';

export const pagesOf = (paging: Paging, at: Place, operation: string, args: unknown): Pages => pages(paging, at, `sqs:${operation}`, args, invalidToken);
