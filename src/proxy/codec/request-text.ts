import type { Framing } from './framing.ts';

interface Passing {
  readonly method: string;
  readonly target: string;
  readonly framing: Framing;
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
  readonly fields: string;
}

/** The head of a request as it goes on, without its end: more fields may follow. */
export const requestText = ({ method, target, framing, upgrade, expectsContinue, fields }: Passing): string =>
  `${method} ${target} HTTP/1.1\r\n${fields}${framingFields(method, framing, expectsContinue)}${upgradeFields(upgrade)}`;

const framingFields = (method: string, framing: Framing, expectsContinue: boolean): string => {
  const expect = expectsContinue ? 'Expect: 100-continue\r\n' : '';
  switch (framing.kind) {
    case 'length':
      return `Content-Length: ${framing.length}\r\n${expect}`;
    case 'chunked':
      return `Transfer-Encoding: chunked\r\n${expect}`;
    default: // a method that may carry a body says so when it carries none: some applications wait otherwise
      return bodyMethods.has(method) ? 'Content-Length: 0\r\n' : '';
  }
};

/** Only a request without a body asks for another protocol. */
const upgradeFields = (protocol: string | undefined): string =>
  protocol === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;

const bodyMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
