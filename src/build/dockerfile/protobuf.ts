/** A message's fields by number, in order of appearance: numbers for varints, bytes for the rest. Enough for what BuildKit says. */
export type ProtobufFields = ReadonlyMap<number, readonly (number | Buffer)[]>;

export const decodeProtobuf = (message: Buffer): ProtobufFields => {
  const fields = new Map<number, (number | Buffer)[]>();
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const tag = readVarint(message, cursor);
    const values = fields.get(tag >>> 3) ?? [];
    fields.set(tag >>> 3, values);
    values.push(readValue(message, cursor, tag & 7));
  }
  return fields;
};

export const textField = (fields: ProtobufFields, number: number): string =>
  bytesField(fields, number).toString('utf8');

export const bytesField = (fields: ProtobufFields, number: number): Buffer => {
  const value = fields.get(number)?.at(-1);
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
};

/** 0 when it is not there, as the format has it. */
export const numberField = (fields: ProtobufFields, number: number): number => {
  const value = fields.get(number)?.at(-1);
  return typeof value === 'number' ? value : 0;
};

export const messageFields = (fields: ProtobufFields, number: number): readonly ProtobufFields[] =>
  (fields.get(number) ?? []).filter((value) => Buffer.isBuffer(value)).map(decodeProtobuf);

export const encodeBytesField = (number: number, value: Buffer): Buffer =>
  Buffer.concat([encodeVarint((number << 3) | 2), encodeVarint(value.length), value]);

export const encodeNumberField = (number: number, value: number): Buffer =>
  Buffer.concat([encodeVarint(number << 3), encodeVarint(value)]);

const readValue = (message: Buffer, cursor: { at: number }, wireType: number): number | Buffer => {
  switch (wireType) {
    case 0:
      return readVarint(message, cursor);
    case 1:
      return take(message, cursor, 8);
    case 2:
      return take(message, cursor, readVarint(message, cursor));
    case 5:
      return take(message, cursor, 4);
    default:
      throw new Error(`protobuf: wire type ${wireType} at byte ${cursor.at}`);
  }
};

const take = (message: Buffer, cursor: { at: number }, length: number): Buffer => {
  if (cursor.at + length > message.length) throw new Error(`protobuf: ends in a field at byte ${cursor.at}`);
  cursor.at += length;
  return message.subarray(cursor.at - length, cursor.at);
};

const readVarint = (message: Buffer, cursor: { at: number }): number => {
  let value = 0;
  for (let place = 1; ; place *= 128) {
    const byte = message[cursor.at];
    if (byte === undefined) throw new Error(`protobuf: ends in a number at byte ${cursor.at}`);
    cursor.at += 1;
    value += (byte & 127) * place;
    if (byte < 128) return value;
  }
};

const encodeVarint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
};
