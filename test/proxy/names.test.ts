import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import dnsPacket from 'dns-packet';
import type { DecodedPacket } from 'dns-packet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NameZone } from '../../src/model/index.ts';
import { freePort } from '../free-port.ts';
import { soon, TestProxy } from './rig.ts';

let proxy: TestProxy;
let port: number;

beforeAll(async () => {
  proxy = await TestProxy.start();
  port = await freePort();
});
afterAll(() => proxy.close());

const publish = async (records: NameZone['records'], subnet = '127.0.0.0/8'): Promise<void> => {
  const names = [{ bind: { host: '127.0.0.1', port }, subnet, records }];
  await proxy.link.publish({ ...proxy.table([]), names }, soon());
};

const query = (name: string, type: 'A' | 'AAAA' | 'TXT', id = 7): Buffer =>
  dnsPacket.encode({ type: 'query', id, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type, name }] });

const ask = (name: string, type: 'A' | 'AAAA' | 'TXT' = 'A'): Promise<DecodedPacket & { rcode?: string }> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('message', (message) => {
      socket.close();
      resolve(dnsPacket.decode(message));
    });
    socket.send(query(name, type), port, '127.0.0.1');
  });

const addressesOf = (packet: DecodedPacket): string[] =>
  (packet.answers ?? [])
    .flatMap((answer) => (answer.type === 'A' ? [answer.data] : []))
    .toSorted((left, right) => left.localeCompare(right));

it('answers names of the table with TTL 0, and switches them with it', async () => {
  await publish({ 'api.internal': ['10.0.0.1', '10.0.0.2'], api: ['10.0.0.1'] });
  const packet = await ask('API.Internal');
  expect(packet).toMatchObject({ id: 7, rcode: 'NOERROR', flag_aa: true, flag_tc: false });
  expect(addressesOf(packet)).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(packet.answers?.every((answer) => 'ttl' in answer && answer.ttl === 0)).toBe(true);
  await publish({ 'api.internal': ['10.0.0.3'] });
  expect(addressesOf(await ask('api.internal'))).toEqual(['10.0.0.3']);
});

it('gives an empty answer for other types of known names and refuses unknown ones', async () => {
  await publish({ api: ['10.0.0.1'], resting: [] });
  expect(await ask('api', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(await ask('resting')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  expect(await ask('example.com')).toMatchObject({ rcode: 'REFUSED', answers: [] });
  expect(await ask('__proto__')).toMatchObject({ rcode: 'REFUSED' });
});

it('refuses askers from outside the network', async () => {
  await publish({ api: ['10.0.0.1'] }, '10.9.0.0/16');
  expect(await ask('api')).toMatchObject({ rcode: 'REFUSED', answers: [] });
});

it('says by UDP that an answer is too long, and gives it by TCP', async () => {
  const many = Array.from({ length: 60 }, (_, index) => `10.0.1.${index}`);
  await publish({ many });
  expect(await ask('many')).toMatchObject({ flag_tc: true, answers: [] });
  const packet = await new Promise<DecodedPacket>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(dnsPacket.streamEncode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'many' }] })),
    );
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      socket.destroy();
      resolve(dnsPacket.decode(received.subarray(2)));
    });
  });
  expect(packet.answers).toHaveLength(60);
});

it('survives noise', async () => {
  await publish({ api: ['10.0.0.1'] });
  const socket = createSocket('udp4');
  for (const noise of ['', 'x', '\0'.repeat(11), 'y'.repeat(300)]) socket.send(noise, port, '127.0.0.1');
  expect(addressesOf(await ask('api'))).toEqual(['10.0.0.1']);
  socket.close();
});

it('refuses a table whose name server address is taken, and goes on answering by the last one', async () => {
  await publish({ api: ['10.0.0.1'] });
  const squatter = createSocket('udp4');
  await new Promise<void>((resolve) => {
    squatter.bind(0, '127.0.0.1', resolve);
  });
  const names = [{ bind: { host: '127.0.0.1', port: squatter.address().port }, subnet: '127.0.0.0/8', records: {} }];
  await expect(proxy.link.publish({ ...proxy.table([]), names }, soon())).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  expect(addressesOf(await ask('api'))).toEqual(['10.0.0.1']);
  squatter.close();
});
