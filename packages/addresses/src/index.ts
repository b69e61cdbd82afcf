/** Where connections may lead that somebody else asks for: what is public, and what an installation opens beside it. */
export { createJudge, parseRanges } from './addresses.ts';
