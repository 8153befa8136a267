import { NotMetadataError } from './notMetadataError.ts';

/**
 * Decodes a file as what its first bytes say: UTF-16 where they are its mark, as some shells write what they download,
 * and UTF-8 in all other cases. Throws a `NotMetadataError` where the bytes are not that.
 */
export function decodeXml(bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw new NotMetadataError('it is not text in UTF-8 or UTF-16');
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) {
    return 'utf-16le';
  }
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}
