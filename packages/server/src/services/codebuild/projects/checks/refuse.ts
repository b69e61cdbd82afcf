import { fail } from '../../fail.ts';

export const refuse = (message: string): never => {
  throw fail('InvalidInputException', message);
};

/** @throws ServiceError InvalidInputException for a name that is given twice */
export function checkDistinct(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse(`The ${what} ${twice} is given twice`);
}
