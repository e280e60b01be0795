import { z } from 'zod';

/** Every leaf says what it expects in words that fit behind "must be": they are the error messages. */
export const text = (expected = 'text') => z.string({ error: expected }).min(1, expected);
export const pattern = (expression: RegExp, expected: string) =>
  z.string({ error: expected }).regex(expression, expected);
export const truth = () => z.boolean({ error: 'true or false' });
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });
export const list = <Item extends z.ZodType>(item: Item, expected: string) => z.array(item, { error: expected });

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const expected =
    most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return z.int({ error: expected }).min(least, expected).max(most, expected);
};
export const seconds = () => z.number({ error: 'a number of seconds' }).min(0, 'a number of seconds, 0 or more');
export const aboveZero = (expected: string) => z.number({ error: expected }).positive(expected);
const anAddress = 'a port, or an address and a port such as 127.0.0.1:5433';
export const listenAddress = () =>
  z.union([portNumber(), pattern(/^(\[[0-9a-f:.]+\]|\d+(\.\d+){3}):\d{1,5}$/i, anAddress)], { error: anAddress });
export const portNumber = () => whole(1, 65_535);

/** Also a host label and part of a container name. */
const label = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
export const name = () =>
  pattern(label, 'a name of at most 32 lower-case letters, digits and hyphens, such as mcp-cloud');
export const hostName = () =>
  pattern(
    /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i,
    'a host name without scheme, port or path, such as app.localhost or *.app.localhost',
  );
export const absolutePath = () => pattern(/^\//, 'an absolute path that begins with /');
export const duration = () => pattern(/^\d+(\.\d+)?(ms|s|m|h)$/, 'a duration such as 500ms, 30s or 2m');
export const rate = () => pattern(/^\d+(\.\d+)?\/(s|m)$/, 'a rate such as 200/s or 30/m');
export const memory = () => pattern(/^\d+(\.\d+)?(Ki|Mi|Gi|k|M|G)?$/, 'an amount of memory such as 512Mi or 1Gi');
export const amount = () =>
  z.union([whole(0), pattern(/^\d+(\.\d+)?%$/, 'a share')], {
    error: 'a whole number from 0 or a share such as "50%"',
  });

const variableName = pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name of letters, digits and underscores');
const variableValue = z.union([z.string(), z.number(), z.boolean()], { error: 'text, a number, true or false' });
export const variables = () => z.record(variableName, variableValue, { error: 'a map of names to values' });
