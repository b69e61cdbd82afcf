import { randomInt } from 'node:crypto';
import type { SecretsManagerApi } from '@slipway/contracts';
import type { GetRandomPasswordRequest } from '@slipway/contracts/secrets-manager';
import type { Operations } from '../../kernel/service.ts';
import { invalid } from './fail.ts';

const DEFAULT_LENGTH = 32;
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const passwords = {
  async GetRandomPassword(input) {
    return { RandomPassword: randomPassword(input) };
  },
} satisfies Partial<Operations<SecretsManagerApi>>;

/** @throws InvalidParameterException when nothing is left to choose from, or the length cannot hold one of each kind */
function randomPassword(input: GetRandomPasswordRequest): string {
  const length = input.PasswordLength ?? DEFAULT_LENGTH;
  const kinds = [
    input.ExcludeLowercase === true ? '' : UPPER.toLowerCase(),
    input.ExcludeUppercase === true ? '' : UPPER,
    input.ExcludeNumbers === true ? '' : '0123456789',
    input.ExcludePunctuation === true ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    input.IncludeSpace === true ? ' ' : '',
  ].map((kind) => [...kind].filter((character) => input.ExcludeCharacters?.includes(character) !== true)).filter((kind) => kind.length > 0);
  const all = kinds.flat();
  if (all.length === 0) throw invalid('There are no characters left to make a password of.');
  const each = input.RequireEachIncludedType === false ? [] : kinds;
  if (length < each.length) throw invalid(`The password length ${length} is too small for one character of each included type.`);
  return shuffled([...each.map(one), ...Array.from({ length: length - each.length }, () => one(all))]).join('');
}

const one = (characters: readonly string[]): string => characters[randomInt(characters.length)] as string;

function shuffled(characters: string[]): string[] {
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other] as string, characters[last] as string];
  }
  return characters;
}
