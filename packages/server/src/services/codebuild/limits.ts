/** AWS CodeBuild User Guide, "Quotas for AWS CodeBuild", and the API reference's constraints. */
export const projectNamePattern = /^[A-Za-z0-9][A-Za-z0-9\-_]{1,254}$/;
export const maxDescriptionLength = 255;

/** Minutes. */
export const timeout = { least: 5, most: 2160, default: 60 } as const;
/** Minutes. */
export const queuedTimeout = { least: 5, most: 480, default: 480 } as const;

export const maxProjectsPerRequest = 100;
export const maxBuildsPerRequest = 100;
export const pageSize = 100;

/** "The token is valid for 5 minutes." ms */
export const idempotencyTokenLifetime = 5 * 60_000;

export const variableNamePattern = /^[^\s=\0]+$/;

/** "The quota for the maximum number of queued builds is five times the concurrent build limit." Times that limit. */
export const queuedBuilds = 5;

/** "Number of secondary sources", per build. */
export const maxSecondarySources = 12;

/** AWS documents no maximum of `autoRetryLimit`; the buildspec's own `on-failure: RETRY` goes to this. */
export const maxAutoRetries = 100;

/** Role chaining's maximum and the container credentials' usual: an hour. Seconds. */
export const credentialsLifetime = 3_600;

/** Buildspecs are read into memory; AWS limits StartBuild's whole request to less. Bytes. */
export const maxBuildspecBytes = 1024 * 1024;

/** How long to wait before a step is taken again in case its wake-up was lost. ms */
export const safetyTick = 10_000;
