import type { Answer, DecodedPacket, Question } from 'dns-packet';
import dnsPacket from 'dns-packet';
import type { NameZone } from '../../model/index.ts';

/** Who asks, and how much fits into the answer. */
export interface Asker {
  readonly address: string;
  readonly transport: 'udp' | 'tcp';
}

const { AUTHORITATIVE_ANSWER, RECURSION_DESIRED, TRUNCATED_RESPONSE } = dnsPacket;

const responseCodes = { ok: 0, formatError: 1, notImplemented: 4, refused: 5 } as const;
/** RFC 1035 2.3.4 without EDNS; with it, what crosses any link whole. */
const plainUdpBytes = 512;
const mostUdpBytes = 1_232;

/** The answer to one query, or undefined when it can't even be refused. TTL 0: a name switches with the routes, nobody may remember it. */
export const answerQuery = (query: Buffer, zone: NameZone | undefined, asker: Asker): Buffer | undefined => {
  const packet = decodeQuery(query);
  if (packet === undefined) return undefined;
  const question = packet.questions?.[0];
  if (opcodeOf(query) !== 0) return reply(packet, responseCodes.notImplemented, []);
  if (question === undefined || packet.questions?.length !== 1) return reply(packet, responseCodes.formatError, []);
  const addresses = zone === undefined || !isInside(asker.address, zone.subnet) ? undefined : find(zone, question.name);
  if (addresses === undefined) return reply(packet, responseCodes.refused, []);
  const full = reply(packet, responseCodes.ok, recordsFor(question, addresses));
  if (asker.transport === 'tcp' || full.length <= udpLimit(packet)) return full;
  return reply(packet, responseCodes.ok | TRUNCATED_RESPONSE, []);
};

const decodeQuery = (query: Buffer): DecodedPacket | undefined => {
  try {
    const packet = dnsPacket.decode(query);
    return packet.type === 'query' ? packet : undefined;
  } catch {
    return undefined; // noise: answering it could only help somebody to flood a third party
  }
};

/** RFC 1035 4.1.1: four bits of the third octet; 0 is a standard query. */
const opcodeOf = (query: Buffer): number => (query.readUInt8(2) >> 3) & 0x0f;

const reply = (query: DecodedPacket, flags: number, answers: Answer[]): Buffer =>
  dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: flags | AUTHORITATIVE_ANSWER | (query.flag_rd ? RECURSION_DESIRED : 0),
    questions: query.questions ?? [],
    answers,
  });

const find = (zone: NameZone, name: string): readonly string[] | undefined => {
  const key = name.toLowerCase().replace(/\.$/, '');
  return Object.hasOwn(zone.records, key) ? zone.records[key] : undefined;
};

/** Known names without an address of the asked kind get an empty answer, not an error: AAAA must not make a resolver give up. */
const recordsFor = (question: Question, addresses: readonly string[]): Answer[] => {
  if (question.type !== 'A' || (question.class ?? 'IN') !== 'IN') return [];
  const first = Math.floor(Math.random() * addresses.length);
  const rotated = [...addresses.slice(first), ...addresses.slice(0, first)];
  return rotated.map((data) => ({ type: 'A', name: question.name, class: 'IN', ttl: 0, data }));
};

const udpLimit = (query: DecodedPacket): number => {
  const extension = query.additionals?.find((record) => record.type === 'OPT');
  if (extension?.type !== 'OPT') return plainUdpBytes;
  return Math.min(Math.max(extension.udpPayloadSize, plainUdpBytes), mostUdpBytes);
};

const isInside = (address: string, subnet: string): boolean => {
  const [network = '', bits = '0'] = subnet.split('/');
  const shift = 32 - Number(bits);
  return shift === 32 || numberOf(address) >>> shift === numberOf(network) >>> shift;
};

const numberOf = (address: string): number =>
  address
    .replace(/^::ffff:/, '')
    .split('.')
    .reduce((sum, part) => (sum << 8) | Number(part), 0);
