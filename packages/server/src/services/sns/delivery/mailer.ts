import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import type { MailServer } from '../deps.ts';
import { Refused } from './refused.ts';

export interface Mail {
  readonly to: string;
  /** Shown beside our address. */
  readonly name: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Resolves when the mail server has taken it. @throws Refused when it says that it never will. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

const TIMEOUT_MS = 15_000;

/** Sends as the user that we log in as, where that is an address; otherwise as `no-reply` at the mail server's name. */
export function createMailer(server: MailServer): Mailer {
  const { host, port, secure, auth } = server;
  const from = auth?.user.includes('@') === true ? auth.user : `no-reply@${isIP(host) === 0 ? host : 'localhost'}`;
  const transport = createTransport({
    host, port, secure, ...(auth && { auth: { user: auth.user, pass: auth.password } }), pool: true, maxConnections: 2,
    connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS, disableFileAccess: true, disableUrlAccess: true,
  });
  return {
    async send({ to, name, subject, text }) {
      try {
        await transport.sendMail({ from: { name: line(name), address: from }, to: { name: '', address: line(to) }, subject: line(subject), text });
      } catch (error) {
        const code = (error as { responseCode?: unknown }).responseCode;
        // The server's words may hold the password that it was given; its number says enough.
        const failure = `The mail server did not take the message${typeof code === 'number' ? ` (${code})` : ''}`;
        throw typeof code === 'number' && code >= 500 && code !== 535 ? new Refused(failure) : new Error(failure);
      }
    },
    close: () => transport.close(),
  };
}

/** A header is one line. */
// eslint-disable-next-line no-control-regex
const line = (text: string): string => text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
