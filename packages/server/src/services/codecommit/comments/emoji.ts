import type { ReactionValueFormats } from '@slipway/contracts/codecommit';

/** The reactions that CodeCommit knows, as short code and code point; User Guide, "Comment on a commit". */
const REACTIONS = [
  ['thumbsup', 0x1f44d],
  ['thumbsdown', 0x1f44e],
  ['smile', 0x1f604],
  ['heart', 0x2764],
  ['angry', 0x1f620],
  ['confused', 0x1f615],
  ['scream', 0x1f631],
  ['sweat', 0x1f613],
  ['clap', 0x1f44f],
  ['disappointed', 0x1f61e],
] as const;

export type Reaction = (typeof REACTIONS)[number][0];

const FORMATS: ReadonlyMap<string, Required<ReactionValueFormats>> = new Map(REACTIONS.map(([shortCode, point]) =>
  [shortCode, { emoji: String.fromCodePoint(point), shortCode, unicode: `U+${point.toString(16).toUpperCase()}` }]));

/** Emojis may carry the sign that asks for the coloured picture. */
const PICTURE = /\u{fe0f}$/u;

/** The reaction behind an emoji, `:shortcode:` or `U+1F44D`. */
export function reactionOf(value: string): Reaction | undefined {
  const plain = value.replace(PICTURE, '');
  return REACTIONS.map(([shortCode]) => shortCode).find((shortCode) => {
    const { emoji, unicode } = formatsOf(shortCode);
    return plain === emoji || plain === `:${shortCode}:` || plain.toUpperCase() === unicode;
  });
}

export function formatsOf(reaction: string): Required<ReactionValueFormats> {
  return FORMATS.get(reaction) ?? { emoji: '', shortCode: reaction, unicode: '' };
}

/** In the order in which they are shown. */
export const rank = (reaction: string): number => REACTIONS.findIndex(([shortCode]) => shortCode === reaction);
