import { describe, expect, it } from 'vitest';
import type { SpoolFrame } from '@slipway/builder';
import type { StoredBuild } from '../builds/build.ts';
import { deadlineOf, elsewhere, endHere, enter, interruption, leave, stepOf, withFrames } from './decide.ts';

const minute = 60_000;

function build(change: Partial<StoredBuild> = {}): StoredBuild {
  return {
    account: '1', region: 'us-east-1', id: 'p:1', project: 'p', number: 1, initiator: 'me', status: 'IN_PROGRESS', phase: 'QUEUED', phases: [{ phaseType: 'QUEUED', startTime: 0 }],
    definition: { source: { type: 'NO_SOURCE' }, artifacts: { type: 'NO_ARTIFACTS' }, environment: { type: 'LINUX_CONTAINER', image: 'i', computeType: 'BUILD_GENERAL1_SMALL' }, serviceRole: 'r', timeoutInMinutes: 10, queuedTimeoutInMinutes: 5 },
    stop_requested: 0, resolved_version: null, exported: [], artifacts: { secondary: [] }, log_stream: 's', spool_offset: 0, node: null, log_next: 0, log_pending: null, artifacts_from: null, outcome: null,
    credentials_token: 't', started_at: 0, ended_at: null, sequence: 0, retry_number: 0, previous_retry: null, next_retry: null, retry_limit: null, own_lines: null, s3_logged: 0, cache_key: null, usage: null, image_id: null, ...change,
  };
}

const provisioned = (): StoredBuild => leave(enter(leave(build(), minute, 'SUCCEEDED'), 'PROVISIONING', minute), minute, 'SUCCEEDED');
const running = (phase: 'INSTALL' | 'BUILD' | 'POST_BUILD' = 'BUILD'): StoredBuild => enter(provisioned(), phase, minute);
let offset = 0;
const told = (...frames: SpoolFrame['frame'][]): SpoolFrame[] => frames.map((frame) => ({ frame, next: (offset += 10) }));
const exit = (status: 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT' | 'FAULT', reason?: string): SpoolFrame['frame'] => ({ type: 'exit', status, time: 2 * minute, ...(reason ? { reason } : {}) });
const ended = (phase: 'BUILD' | 'POST_BUILD', status: 'SUCCEEDED' | 'FAILED' | 'STOPPED'): SpoolFrame['frame'] => ({ type: 'phase-ended', phase, status, contexts: [], time: 2 * minute });
const phases = ({ phases: all }: StoredBuild) => all.map(({ phaseType, phaseStatus }) => `${phaseType} ${phaseStatus ?? '-'}`);

describe('What follows in a build', () => {
  it.each([['QUEUED', 'queue'], ['PROVISIONING', 'provision'], ['DOWNLOAD_SOURCE', 'download'], ['INSTALL', 'run'], ['POST_BUILD', 'run'], ['UPLOAD_ARTIFACTS', 'upload']] as const)('in %s the step is %s', (phase, step) => {
    expect(stepOf(build({ phase }))).toBe(step);
    expect(stepOf(build({ phase, status: 'FAILED' }))).toBe('over');
  });

  it('times out in the queue by one limit, and since it was provisioned by the other', () => {
    expect(deadlineOf(build())).toBe(5 * minute);
    expect(deadlineOf(provisioned())).toBe(11 * minute);
    expect(interruption(build(), 5 * minute - 1)).toBeUndefined();
    expect(interruption(build(), 5 * minute)).toMatchObject({ status: 'TIMED_OUT' });
    expect(interruption(build({ stop_requested: 1 }), 5 * minute)).toEqual({ status: 'STOPPED' });
  });

  it('is left to the server where it lies, until its time has long been over', () => {
    expect(elsewhere(build(), 'here', 0)).toBe('no');
    expect(elsewhere({ ...running(), node: 'here' }, 'here', 0)).toBe('no');
    expect(elsewhere({ ...running(), node: 'there' }, 'here', 11 * minute)).toBe('wait');
    expect(elsewhere({ ...running(), node: 'there' }, 'here', 12 * minute)).toBe('lost');
  });

  it('ends without FINALIZING when it was never provisioned', () => {
    expect(phases(endHere(build(), 1, { status: 'STOPPED' }))).toEqual(['QUEUED STOPPED', 'COMPLETED -']);
  });

  it('uploads after POST_BUILD whatever its outcome, and not after an earlier end', () => {
    const through = withFrames(running('POST_BUILD'), told(ended('POST_BUILD', 'SUCCEEDED'), exit('FAILED')), 0);
    expect(through).toMatchObject({ status: 'IN_PROGRESS', phase: 'UPLOAD_ARTIFACTS', outcome: 'FAILED' });
    const early = withFrames(running(), told(ended('BUILD', 'FAILED'), exit('FAILED')), 0);
    expect(early).toMatchObject({ status: 'FAILED', phase: 'COMPLETED', credentials_token: null, ended_at: 2 * minute });
    expect(phases(early).slice(2)).toEqual(['BUILD FAILED', 'FINALIZING SUCCEEDED', 'COMPLETED -']);
  });

  it('counts lines and remembers where the artifacts begin and how far it has read', () => {
    offset = 0;
    const after = withFrames(running(), told({ type: 'log', first: 7, lines: [{ time: 0, text: 'a' }, { time: 0, text: 'b' }] }, { type: 'artifact', identifier: null }, { type: 'artifact', identifier: 'x' }), 0);
    expect(after).toMatchObject({ log_next: 9, artifacts_from: 10, spool_offset: 30 });
  });

  it.each([
    ['asked to', { stop_requested: 1 }, 2 * minute, 'STOPPED'],
    ['when its time was over', {}, 11 * minute, 'TIMED_OUT'],
    ['for no reason that we know', {}, 2 * minute, 'STOPPED'],
  ] as const)('stops %s', (_why, change, now, status) => {
    const after = withFrames({ ...running(), ...change }, told(ended('BUILD', 'STOPPED'), exit('STOPPED')), now);
    expect(after.status).toBe(status);
    expect(phases(after)[2]).toBe(`BUILD ${status}`);
  });

  it('shows the cause of a fault in the phase that was on, or in the one that would have come', () => {
    const died: SpoolFrame['frame'] = { type: 'supervisor-died', reason: 'gone' };
    const within = withFrames(running(), told(died), 0);
    expect(within.status).toBe('FAULT');
    expect(within.phases[2]).toMatchObject({ phaseType: 'BUILD', phaseStatus: 'FAULT', contexts: [{ message: 'gone' }] });
    const between = withFrames(running(), told(ended('BUILD', 'SUCCEEDED'), died), 0);
    expect(between.phases[3]).toMatchObject({ phaseType: 'POST_BUILD', phaseStatus: 'FAULT', contexts: [{ message: 'gone' }] });
    expect(withFrames(running('INSTALL'), told(exit('FAULT', 'no sandbox')), 0).phases[2]).toMatchObject({ phaseStatus: 'FAULT', contexts: [{ message: 'no sandbox' }] });
  });
});
