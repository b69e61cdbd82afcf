export const SERVICE = 'codepipeline.amazonaws.com';
/** Job kinds: a pipeline's decisions, one action's work, a pipeline's look at its sources. */
export const PIPELINE = 'codepipeline/pipeline';
export const ACTION = 'codepipeline/action';
export const SOURCES = 'codepipeline/sources';
