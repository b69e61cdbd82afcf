export const SERVICE = 'codepipeline.amazonaws.com';
/** Job kinds: a pipeline's decisions, one action's work, a pipeline's look at its sources. */
export const PIPELINE = 'codepipeline/pipeline';
export const ACTION = 'codepipeline/action';
export const SOURCES = 'codepipeline/sources';
/** When work is looked at again should a wake-up be lost. ms */
export const SAFETY_TICK = 60_000;
