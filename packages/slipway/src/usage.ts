/** A mistake in how the command was called; the message says what would be accepted. */
export class UsageError extends Error {}
