import { Pieces } from './grammar.ts';
import type { Random } from './random.ts';

/** One or more requests on one connection. */
export const requestsFrom = (random: Random): string => {
  const pieces = new Pieces(random);
  let text = request(pieces);
  for (let more = random.below(3); more > 0; more -= 1) text += request(pieces);
  // A plain request at the end shows at once where both took the one before to end.
  if (random.once(2)) text += 'GET /last HTTP/1.1\r\nHost: last\r\n\r\n';
  return random.once(8) ? text.slice(0, random.below(text.length + 1)) : text;
};

const request = (pieces: Pieces): string => {
  const version = pieces.either(versions, oddVersions);
  const target = pieces.either(targets, oddTargets);
  const line = `${pieces.either(methods, oddMethods)}${gap(pieces)}${target}${gap(pieces)}${version}${pieces.newline()}`;
  return pieces.either(before, oddBefore) + line + pieces.either(hosts, oddHosts) + rest(pieces);
};

/** One or more responses on one connection. */
export const responsesFrom = (random: Random): string => {
  const pieces = new Pieces(random);
  let text = random.once(4) ? interim(pieces) : '';
  text += response(pieces);
  for (let more = random.below(2); more > 0; more -= 1) text += response(pieces);
  if (random.once(2)) text += 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast';
  return random.once(8) ? text.slice(0, random.below(text.length + 1)) : text;
};

const response = (pieces: Pieces): string => {
  const status = pieces.either(statuses, oddStatuses);
  const version = pieces.either(responseVersions, oddResponseVersions);
  return `${version}${gap(pieces)}${status}${pieces.either(reasons, oddReasons)}${pieces.newline()}${rest(pieces)}`;
};

const interim = (pieces: Pieces): string =>
  `HTTP/1.1 ${pieces.either(['100 Continue', '103 Early Hints'], ['101 Switching', '199', '102 '])}\r\n${pieces.fields('')}\r\n`;

/** Fields, the empty line and the body that they announce. */
const rest = (pieces: Pieces): string => {
  switch (pieces.random.below(5)) {
    case 0:
      return pieces.fields('') + pieces.newline();
    case 1:
    case 2: {
      const body = pieces.random.of(bodies);
      return pieces.fields(pieces.length(body.length)) + pieces.newline() + body;
    }
    case 3:
      return pieces.fields(pieces.coding()) + pieces.newline() + pieces.chunks();
    default:
      return pieces.isOdd
        ? pieces.fields(pieces.coding() + pieces.length(5)) + pieces.newline() + pieces.chunks()
        : pieces.fields(pieces.coding()) + pieces.newline() + pieces.chunks();
  }
};

const gap = (pieces: Pieces): string => pieces.either(oneSpace, oddGaps);

const oneSpace = [' '];
const oddGaps = ['', '  ', '\t', '\v', '\0', '\r', '\n', '\r\n', ' \t', '\xa0', '\f'];
const before = ['', '', '', '', '\r\n'];
const oddBefore = ['\n', '\r', '\r\n\r\n', ' ', '\0', '\r\r\n', '\n\n', '\ufeff'];
const methods = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH', 'PROPFIND', 'QUERY'];
const oddMethods = [
  'get',
  'GE T',
  'P\0ST',
  '',
  'FROB',
  'PRI',
  'SOURCE',
  'DESCRIBE',
  'CONNECT',
  'GET\r',
  'GET:',
  '"GET"',
  'G\xcaT',
  'GETX',
  'HTTP/1.1',
  ' GET',
  'ANNOUNCE',
  'FLUSH',
];
const targets = [
  '/',
  '/x?y=1',
  '/a%20b',
  '*',
  'http://a/x',
  'https://b:8/',
  'http://c',
  'http://c?q',
  '/\xe9',
  '//a//',
  '/a/../b',
  '/?',
  '/"<>\\^`{|}',
];
const oddTargets = [
  '',
  '/a b',
  '/\x7f',
  '/\x01',
  '/#f',
  'x',
  'a:80',
  'ftp://a/',
  'http:/a',
  'http://',
  'http://u@a/',
  'http://a:x/',
  '/\0',
  '/\t',
  '/\r',
  '/\n',
  'http://[::1]/',
  '*x',
  'HTTP://A/',
  '/\x0b',
  '?x',
  'http://a#f',
];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const oddVersions = [
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  '',
  'HTTP/1.2',
  'HTTP/0.9',
  'HTTP/1',
  'HTTP/1.10',
  'HTTP/01.1',
  'HTTP/1,1',
  'HTTP /1.1',
  'ICE/1.0',
  'RTSP/1.0',
  'HTTP/1.1\t',
  'HTTP/1.1 x',
  'HTTP/-1.1',
  'HTTP/9.9',
  'HTTP/1.\0',
];
const hosts = ['Host: a\r\n'];
const oddHosts = [
  '',
  'Host: a\n',
  'Host:\r\n',
  'Host: a\r\nHost: a\r\n',
  'Host : a\r\n',
  'Host: a b\r\n',
  'Host: a@b\r\n',
  'Host: a/\r\n',
  'Host: a:b\r\n',
  'Host: a,b\r\n',
  'host:a\r\n',
  'Host: [::1]:80\r\n',
  'Host: a\0\r\n',
  'Host: a\r\n b\r\n',
  ' Host: a\r\n',
  'Host: \xe9\r\n',
];
const bodies = ['', '', 'hello', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n', '\r\n', '\0', 'x'.repeat(200)];

const responseVersions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const oddResponseVersions = [
  'HTTP/2.0',
  'http/1.1',
  '',
  'HTTP/1.2',
  'HTTP/0.9',
  'HTTP/1',
  'HTTP/1.10',
  'ICY',
  'HTTP /1.1',
  'HTTP/1.1\0',
  'RTSP/1.0',
  ' HTTP/1.1',
  '\r\nHTTP/1.1',
  '\nHTTP/1.1',
  'HTTP/01.1',
];
const statuses = ['200', '200', '200', '404', '204', '304', '206', '500', '301'];
const oddStatuses = [
  '20',
  '2000',
  '999',
  '000',
  '600',
  '099',
  '2OO',
  '+20',
  '-20',
  '',
  '100',
  '101',
  '103',
  '199',
  '2 0',
  '\xb200',
  '200.1',
];
const reasons = [' OK', ' OK', ' OK', '', ' ', ' Not so good, \xe9', ' two words'];
const oddReasons = [
  '  ',
  '\tOK',
  ' O\0K',
  ' O\rK',
  ' O\nK',
  'OK',
  ' \x7f',
  ' \x01',
  ' OK ',
  ' :',
  '\r\n ',
  ' a\tb',
  '\x0b',
];
