/**
 * Strict decoding of text in any encoding of the WHATWG Encoding standard.
 */

/** Whether a label names an encoding. */
export function isCharset(label: string): boolean {
  return decoderFor(label) !== undefined
}

/**
 * Decodes the bytes, including a byte order mark; `undefined` if the label is unknown or the bytes
 * are not valid in the encoding.
 */
export function decodeText(bytes: Uint8Array, label: string): string | undefined {
  try {
    return decoderFor(label)?.decode(bytes)
  } catch {
    // The bytes are not valid in this encoding.
    return undefined
  }
}

const options = { fatal: true, ignoreBOM: true }
/** Created once: nearly all text is in UTF-8. */
const utf8 = new TextDecoder('utf-8', options)

function decoderFor(label: string): TextDecoder | undefined {
  if (label === 'utf-8') return utf8
  try {
    return new TextDecoder(label, options)
  } catch {
    // The label is unknown.
    return undefined
  }
}
