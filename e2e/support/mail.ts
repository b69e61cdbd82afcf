import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A mail server that takes everything and keeps it. */
export interface MailSink {
  readonly url: string;
  /** The first link in a mail to that address, once there is one. */
  link(to: string): Promise<string>;
  subjects(to: string): Promise<string[]>;
  close(): Promise<void>;
}

/** As much of SMTP as taking a mail needs. */
export async function mailSink(): Promise<MailSink> {
  const mails: { to: string; text: string }[] = [];
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    socket.write('220 sink\r\n');
    let rest = '';
    let to = '';
    let isData = false;
    const take = (): boolean => {
      const end = isData ? '\r\n.\r\n' : '\r\n';
      const at = rest.indexOf(end);
      if (at < 0) return false;
      const text = rest.slice(0, at);
      rest = rest.slice(at + end.length);
      if (isData) {
        mails.push({ to, text: text.replaceAll('=\r\n', '').replaceAll('=3D', '=') });
        for (const wake of waiting.splice(0)) wake();
      }
      const command = isData ? 'TAKEN' : text.slice(0, 4).toUpperCase();
      isData = command === 'DATA';
      if (command === 'RCPT') to = /<(.*)>/.exec(text)?.[1] ?? '';
      socket.write(isData ? '354 go on\r\n' : command === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
      return true;
    };
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.toString();
      while (take());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async link(to) {
      for (;;) {
        const found = mails.filter((mail) => mail.to === to).map(({ text }) => /https?:\/\/\S+/.exec(text)?.[0]).find((link) => link !== undefined);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    },
    subjects: async (to) => mails.filter((mail) => mail.to === to).map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1] ?? ''),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
