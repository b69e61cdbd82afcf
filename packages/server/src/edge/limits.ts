/** Session tokens and policies travel in headers; S3 allows 8 KB, signed forms of STS sessions need more. */
export const maxHeaderBytes = 64 * 1024;

/** The longest that a request may take to arrive: a 5 GB object over a slow line. 0 would mean no bound. */
export const requestTimeoutMs = 6 * 60 * 60 * 1000;

/** Connections at a time; the next is closed at once. Long polls and agents hold one each, and every one costs a file descriptor. */
export const maxConnections = 10_000;
