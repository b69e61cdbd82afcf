import { createHash } from 'node:crypto';
import { uuid } from '../../../kernel/ids.ts';

/** 64 hexadecimal digits, as AWS's are. */
export const revisionId = (): string => createHash('sha256').update(uuid()).digest('hex');
