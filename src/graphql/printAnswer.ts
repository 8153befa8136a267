import type { LoopShare } from '../shared/loopShare.ts';

/** Items of a list that are printed at once. */
const itemsAtOnce = 16;

/** Stands in an answer without errors for `data` that is printed already. */
export class PrintedData {
  readonly #text: string;
  [member: string]: unknown;

  constructor(text: string) {
    this.#text = text;
  }

  /** Prints the whole answer as `printAnswer` does. */
  print(extensions: object | undefined): string {
    const rest = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
    return `{"data":${this.#text}${rest}}\n`;
  }
}

/** Prints an answer as `JSON.stringify` does, with a line's end, in slices if it has long lists. */
export async function printAnswer(value: unknown, share: LoopShare): Promise<string> {
  if (!hasLongList(value, 4)) {
    return `${JSON.stringify(value)}\n`;
  }
  const parts: string[] = [];
  await print(value, share, parts);
  parts.push('\n');
  return parts.join('');
}

async function print(value: unknown, share: LoopShare, parts: string[]): Promise<void> {
  if (share.isUsedUp()) {
    await share.nextTurn();
  }
  if (!hasLongList(value, 3)) {
    // As inside an object: what JSON has no form for is left out there before.
    parts.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    parts.push('[');
    for (let index = 0; index < value.length; index += 1) {
      parts.push(index === 0 ? '' : ',');
      await print(value[index], share, parts);
    }
    parts.push(']');
  } else {
    const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
    for (const [index, [name, member]] of members.entries()) {
      parts.push(index === 0 ? '{' : ',', JSON.stringify(name), ':');
      await print(member, share, parts);
    }
    parts.push('}');
  }
}

/** Whether a long list is in a value, not more than so many levels inside. */
function hasLongList(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  if (Array.isArray(value)) {
    return (
      value.length > itemsAtOnce ||
      (levels > 0 && value.some((item) => hasLongList(item, levels - 1)))
    );
  }
  return levels > 0 && Object.values(value).some((member) => hasLongList(member, levels - 1));
}
