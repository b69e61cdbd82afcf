/** Names on one page of a List operation; AWS's pages are of about this size. */
export const PAGE = 100;

/** Ours: how long PollHostCommand is held open while there is nothing to do; below the 60 s after which AWS's agent gives up. */
export const POLL_HOLD_MS = 20_000;

/** Ours: a command whose handing was not acknowledged by then was lost on the way and is handed out again. */
export const UNACKNOWLEDGED_MS = 30_000;

/**
 * A lifecycle event takes at most an hour (AppSpec 'hooks' reference); an agent that has not reported a while after that is
 * given up. Five minutes for the download and the report.
 */
export const EVENT_PATIENCE_MS = 65 * 60 * 1000;
