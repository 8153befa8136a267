/**
 * Finds every text in a protobuf message without knowing its form: whatever has a length is taken for a text, and for
 * a message too where it reads as one.
 */
export function textsInProtobuf(message: Buffer): readonly string[] {
  return (
    fieldsOf(message)?.flatMap((field) => [field.toString('utf8'), ...textsInProtobuf(field)]) ?? []
  );
}

/** The fields of a message that have a length; undefined where the bytes are no message. */
function fieldsOf(message: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let offset = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70 && offset < message.length; shift += 7) {
      const byte = message[offset] ?? 0;
      offset += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    return undefined;
  };
  while (offset < message.length) {
    const tag = varint() ?? 0;
    const type = tag % 8;
    if (tag < 8) {
      return undefined;
    }
    if (type === 2) {
      const length = varint() ?? Number.POSITIVE_INFINITY;
      if (offset + length > message.length) {
        return undefined;
      }
      fields.push(message.subarray(offset, offset + length));
      offset += length;
    } else if (type === 0) {
      if (varint() === undefined) {
        return undefined;
      }
    } else if (type === 1 || type === 5) {
      offset += type === 1 ? 8 : 4;
    } else {
      return undefined;
    }
  }
  return fields;
}
