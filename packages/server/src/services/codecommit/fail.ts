import type { CodeCommitApi } from '@slipway/contracts';
import { failures } from '../../kernel/errors.ts';

export const fail = failures<CodeCommitApi>();
