/**
 * Text in any encoding that browsers know (WHATWG Encoding), decoded exactly or not at all.
 */

/** Whether a label names an encoding. */
export function isCharset(label: string): boolean {
  return decoderFor(label) !== undefined
}

/**
 * The text that the bytes are in this encoding, byte order mark included; `undefined` when the
 * label is unknown or the bytes are not text in it.
 */
export function decodeText(bytes: Uint8Array, label: string): string | undefined {
  try {
    return decoderFor(label)?.decode(bytes)
  } catch {
    // The bytes are not valid in this encoding.
    return undefined
  }
}

function decoderFor(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true })
  } catch {
    // The label is unknown.
    return undefined
  }
}
