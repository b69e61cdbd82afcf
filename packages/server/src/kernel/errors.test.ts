import { expect, it } from 'vitest';
import { ServiceError, mayPass } from './errors.ts';

it.each([
  ['ThrottlingException', undefined, true], ['Throttled', undefined, true], ['OverLimit', undefined, true], ['AccountLimitExceededException', undefined, true],
  ['InternalServerError', undefined, true], ['ServiceUnavailable', 503, true], ['Unlisted', 500, true], ['ConcurrentModificationException', undefined, true],
  ['AccessDeniedException', undefined, false], ['NotFoundException', 404, false], ['ValidationException', 400, false], ['NotImplemented', 501, false],
] as const)('a call that is refused with %s (%s) may pass later: %s', (name, status, passing) => {
  expect(mayPass(new ServiceError(name, 'No.', { ...(status !== undefined && { status }) }))).toBe(passing);
});
