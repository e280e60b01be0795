import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { host, TestProxy, upstream } from '../rig.ts';
import { RecordingOrigin } from './recording-origin.ts';
import type { Recorded } from './recording-origin.ts';
import {
  doubtfulChunks,
  doubtfulCodings,
  doubtfulFields,
  doubtfulHosts,
  doubtfulLengths,
  doubtfulRequestLines,
  unusual,
} from './request-cases.ts';

let proxy: TestProxy;
let origin: RecordingOrigin;

beforeAll(async () => {
  proxy = await TestProxy.start();
  origin = await RecordingOrigin.start();
  await proxy.publish([upstream('a', origin.port)]);
});
afterAll(async () => {
  origin.close();
  await proxy.close();
});
beforeEach(() => origin.forget());

const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

/** Answered once, with the status, and closed; what was sent behind it is not read. */
const refuses = async (bytes: string, status: number): Promise<void> => {
  const answer = await proxy.exchange(bytes + smuggled);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toMatch(/\r\nConnection: close\r\n/i);
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
};

describe('refused, and nothing of it reaches the application', () => {
  const groups = { doubtfulLengths, doubtfulCodings, doubtfulFields, doubtfulHosts, doubtfulRequestLines };
  for (const group of Object.values(groups)) {
    it.each(Object.entries(group))('%s', async (_name, [bytes, status]) => {
      await refuses(bytes, status);
      expect(origin.received).toBe('');
    });
  }
});

describe('a body that turns out malformed never becomes whole', () => {
  it.each(Object.entries(doubtfulChunks))('%s', async (_name, [bytes, status]) => {
    await refuses(bytes, status);
    expect(origin.requests).toEqual([]);
    expect(origin.received).not.toContain('/smuggled');
    expect(origin.received.match(/HTTP\/1\.1\r\n/g) ?? []).toHaveLength(origin.received === '' ? 0 : 1);
  });
});

describe('what merely looks unusual goes on in one form', () => {
  it.each(Object.entries(unusual))('%s', async (_name, [bytes, forwarded]) => {
    await proxy.exchange(`${bytes}GET /last HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const seen = origin.requests.filter((request) => !request.line.startsWith('GET /last ')).map(withoutOurs);
    expect(seen).toEqual(forwarded.map(({ line, fields, body = '' }) => ({ line, fields: fields.toSorted(), body })));
  });
});

/** The proxy's own fields are a matter of `forwarding.test.ts`. */
const withoutOurs = ({ line, fields, body }: Recorded): Recorded => ({
  line,
  fields: fields
    .filter((field) => !/^(?:X-Forwarded-|X-Request-)/.test(field))
    .map((field) => field.replace(/^([^:]*):[ \t]*(.*?)[ \t]*$/, '$1: $2'))
    .toSorted(),
  body,
});
