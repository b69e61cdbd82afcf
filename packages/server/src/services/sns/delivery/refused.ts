/** Will not get better by trying again: the endpoint is gone, or says that the message is wrong. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
